"""Trains a head of the encoder on sentences, or takes the one that an earlier training made of the same."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

from bot.cache import cached_arrays, content_key
from bot.components.encoding import sentence_vectors
from bot.understanding import second_opinion
from bot.understanding.second_opinion import EncoderHead


def trained_head(kind: str, texts: Sequence[str], labels: Sequence[str]) -> EncoderHead | None:
    """The head over these normalized texts, one label each; `kind` names it in the cache.

    None without an encoder.
    """
    vectors = sentence_vectors(texts)
    if vectors is None:
        return None
    key = content_key(second_opinion, version("scikit-learn"), vectors, labels)
    return EncoderHead.of_arrays(
        cached_arrays(kind, key, lambda: EncoderHead.train(vectors, labels).to_arrays())
    )
