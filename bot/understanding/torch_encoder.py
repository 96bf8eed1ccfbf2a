"""Runs an encoder with PyTorch, on the CPU or a GPU."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bot.understanding.errors import EncoderError

if TYPE_CHECKING:
    from bot.understanding.transformer_encoder import Batch


class TorchBackend:
    """The model's weights in `folder`, on `device` ("auto": the first GPU where there is one)."""

    def __init__(self, folder: Path, device: str) -> None:
        self._torch: Any = importlib.import_module("torch")
        transformers: Any = importlib.import_module("transformers")
        available = bool(self._torch.cuda.is_available())
        if device.startswith("cuda") and not available:
            raise EncoderError(
                f"ENCODER_DEVICE: {device} is not there (PyTorch sees no GPU); use auto or cpu"
            )
        self.device = ("cuda" if available else "cpu") if device == "auto" else device
        self._model = transformers.AutoModel.from_pretrained(folder).eval().to(self.device)

    def states(self, batches: Iterable[Batch]) -> Iterator[NDArray[np.float32]]:
        """The last layer's vectors, one a token."""
        with self._torch.inference_mode():
            for batch in batches:
                tensors = {
                    name: self._torch.from_numpy(array).to(self.device) for name, array in batch.items()
                }
                states = self._model(**tensors).last_hidden_state
                yield states.float().cpu().numpy()
