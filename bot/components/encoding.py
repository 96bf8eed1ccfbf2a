"""The process's encoder: loaded when first needed, its vectors of recent messages kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bot.understanding.encoder import QueryCache, VectorStore, load_encoder
from troly.settings import ROOT, settings


@lru_cache(maxsize=1)
def _queries() -> QueryCache | None:
    encoder = load_encoder(settings().encoder)
    return None if encoder is None else QueryCache(encoder)


def query_vector(text: str) -> NDArray[np.float32] | None:
    """The vector of a message, or None where there is no encoder."""
    cache = _queries()
    return None if cache is None else cache.vector(text)


def sentence_vectors(texts: Sequence[str]) -> NDArray[np.float16] | None:
    """Vectors of training sentences, as messages; None where there is no encoder."""
    return _vectors(texts, queries=True)


def name_vectors(texts: Sequence[str]) -> NDArray[np.float16] | None:
    """Vectors of names, as what is searched; None where there is no encoder."""
    return _vectors(texts, queries=False)


def _vectors(texts: Sequence[str], queries: bool) -> NDArray[np.float16] | None:
    encoder = load_encoder(settings().encoder)
    if encoder is None:
        return None
    store = VectorStore(
        settings().model_dir / "cache", encoder, queries=queries, bundled=ROOT / "nlu_data" / "vectors"
    )
    return store.vectors(list(texts))
