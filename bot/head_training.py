"""Trains a head of the encoder on sentences, or takes the one that an earlier training made of the same."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from bot.cache import cached_arrays, content_key
from bot.components.encoding import sentence_vectors, sentences_to_encode
from bot.understanding import data, normalize, second_opinion
from bot.understanding.second_opinion import EncoderHead


def trained_head(
    kind: str, root: Path, sentences: Sequence[str], labels: Sequence[str], at_most: int | None = None
) -> EncoderHead | None:
    """The head over these sentences, one label each; `kind` names it in the cache. None without encoder.

    Also None where more than `at_most` sentences have no vector yet.
    """
    clean = normalize.make_normalizer(*data.short_forms(root), data.hint_words(root, "en")).normalize
    texts = [clean(sentence) for sentence in sentences]
    if at_most is not None and sentences_to_encode(texts) > at_most:
        return None
    vectors = sentence_vectors(texts)
    if vectors is None:
        return None
    key = content_key(second_opinion, version("scikit-learn"), vectors, labels)
    return EncoderHead.of_arrays(
        cached_arrays(kind, key, lambda: EncoderHead.train(vectors, labels).to_arrays())
    )
