"""Any Hugging Face encoder as the sentence encoder: a local folder or a hub name, on CPU or GPU."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from bot.understanding.encoder import Vectors
from bot.understanding.errors import EncoderError

_BATCH = 32
_TOKENS = 128


class TransformerEncoder:
    """Mean-pooled unit vectors of a transformers model.

    `setting` is "model", or "model|query prefix|passage prefix"; models of the e5 family get theirs unasked.
    """

    def __init__(self, setting: str) -> None:
        model, *prefixes = setting.split("|")
        e5 = ["query: ", "passage: "] if "e5" in model.rsplit("/", 1)[-1].lower() else ["", ""]
        self._query, self._passage = (prefixes + e5)[:2] if len(prefixes) != 1 else (prefixes[0], "")
        self.name = setting
        try:
            self._torch: Any = importlib.import_module("torch")
            transformers: Any = importlib.import_module("transformers")
        except ImportError:
            raise EncoderError(
                f"ENCODER: {model} needs the packages transformers and torch in .venv; or use ENCODER=auto"
            ) from None
        try:
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(model)
            self._model = transformers.AutoModel.from_pretrained(model).eval()
        except (OSError, ValueError) as error:
            raise EncoderError(f"ENCODER: cannot load {model}: {str(error).splitlines()[0]}") from None
        self._device = "cuda" if self._torch.cuda.is_available() else "cpu"
        self._model.to(self._device)

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of what citizens write."""
        return self._encode([self._query + text for text in texts])

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of what is searched."""
        return self._encode([self._passage + text for text in texts])

    def _encode(self, texts: Sequence[str]) -> Vectors:
        parts = []
        with self._torch.no_grad():
            for start in range(0, len(texts), _BATCH):
                batch = self._tokenizer(
                    list(texts[start : start + _BATCH]),
                    padding=True, truncation=True, max_length=_TOKENS, return_tensors="pt",
                ).to(self._device)  # fmt: skip
                states = self._model(**batch).last_hidden_state
                mask = batch["attention_mask"].unsqueeze(-1).float()
                mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
                parts.append((mean / mean.norm(dim=1, keepdim=True).clamp(min=1e-9)).cpu().numpy())
        return np.concatenate(parts).astype(np.float32) if parts else np.zeros((0, 1), dtype=np.float32)
