"""Any Hugging Face encoder as the sentence encoder: token vectors by torch or ONNX Runtime, pooled to one."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.understanding.encoder import Vectors
from bot.understanding.encoder_choice import EncoderChoice
from bot.understanding.encoder_files import pick
from bot.understanding.errors import EncoderError

TOKENS = 128
"""Longer texts are cut: messages and names are shorter, and time grows with length."""

Batch = dict[str, NDArray[np.int64]]
"""What a tokenizer gives: input_ids, attention_mask and perhaps token_type_ids, one row a text."""


class Backend(Protocol):
    """Runs a model."""

    def states(self, batches: Iterable[Batch]) -> Iterable[NDArray[np.float32]]:
        """A batch after another: one vector a token (texts, tokens, width), or one a text (texts, width)."""


class TransformerEncoder:
    """Unit vectors of a transformers model. Raises EncoderError where it cannot be loaded."""

    def __init__(
        self, choice: EncoderChoice, backend: str = "auto", device: str = "auto", batch: int = 32
    ) -> None:
        self.backend, folder = pick(choice.model, backend, device)
        self.choice = choice.settled(folder)
        self.name = self.choice.name
        self._size = batch
        transformers: Any = importlib.import_module("transformers")
        try:
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
            self._model = _backend(self.backend, folder, device)
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            first = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise EncoderError(f"ENCODER: cannot load {choice.model}: {first}") from None
        limit = getattr(self._tokenizer, "model_max_length", TOKENS)
        self._tokens = min(TOKENS, limit if isinstance(limit, int) and limit > 0 else TOKENS)

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of what citizens write."""
        return self._encode([self.choice.query_prefix + text for text in texts])

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of what is searched."""
        return self._encode([self.choice.passage_prefix + text for text in texts])

    def _encode(self, texts: Sequence[str]) -> Vectors:
        # Texts of like length share a batch, so that little is spent on padding.
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        batches = [
            self._batch([texts[i] or " " for i in order[start : start + self._size]])
            for start in range(0, len(texts), self._size)
        ]
        parts = [
            pooled(states, batch["attention_mask"], self.choice.pooling)
            for batch, states in zip(batches, self._model.states(batches), strict=True)
        ]
        if not parts:
            return np.zeros((0, 1), dtype=np.float32)
        made = np.empty((len(texts), parts[0].shape[1]), dtype=np.float32)
        made[order] = np.concatenate(parts)
        return made

    def _batch(self, texts: list[str]) -> Batch:
        made = self._tokenizer(
            texts, padding=True, truncation=True, max_length=self._tokens, return_tensors="np"
        )
        return {name: np.asarray(array, dtype=np.int64) for name, array in made.items()}


def pooled(states: NDArray[np.float32], mask: NDArray[np.int64], how: str) -> Vectors:
    """One unit vector a text: the mean over its tokens (padding left out), or its first token's ("cls")."""
    if states.ndim == 2:  # the model pools itself
        vectors = states
    elif how == "cls":
        vectors = states[:, 0]
    else:
        weights = mask[:, :, None].astype(np.float32)
        vectors = (states * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return np.asarray(vectors / lengths, dtype=np.float32)


def _backend(name: str, folder: Path, device: str) -> Backend:
    if name == "onnx":
        from bot.understanding.onnx_encoder import OnnxBackend

        return OnnxBackend(folder, device)
    from bot.understanding.torch_encoder import TorchBackend

    return TorchBackend(folder, device)
