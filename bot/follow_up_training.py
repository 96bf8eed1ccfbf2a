"""Trains, stores and loads what knows further messages about a procedure (understanding/follow_ups.py)."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage

from bot.cache import Arrays, cached_arrays, content_key
from bot.components.encoding import sentence_vectors
from bot.understanding import data, follow_ups, normalize, second_opinion
from bot.understanding.follow_ups import FollowUps
from bot.understanding.second_opinion import EncoderHead

_FILE = "follow_ups.npz"


def train_follow_ups(root: Path, others: Sequence[str]) -> FollowUps | None:
    """From follow_ups.yml and `others`, sentences about no procedure; from the cache where nothing changed.

    None without an encoder, and where there are none of either kind.
    """
    clean = normalize.make_normalizer(*data.short_forms(root), data.hint_words(root, "en")).normalize
    stated = data.follow_ups(root)
    texts = [clean(text) for text in (*(text for text, _ in stated), *others)]
    follows = [one for _, one in stated] + [False] * len(others)
    if len(set(follows)) < 2 or (vectors := sentence_vectors(texts)) is None:
        return None
    key = content_key(follow_ups, second_opinion, version("scikit-learn"), vectors, follows)
    found = cached_arrays("follow-ups", key, lambda: _arrays(FollowUps.train(vectors, follows)))
    return _model(found)


def save_follow_ups(storage: ModelStorage, resource: Resource, model: FollowUps | None) -> None:
    """Write the model into Rasa's archive; an empty file where there is none."""
    with storage.write_to(resource) as folder:
        np.savez(folder / _FILE, **(_arrays(model) if model else {}))


def load_follow_ups(storage: ModelStorage, resource: Resource) -> FollowUps | None:
    """What save_follow_ups() wrote; None where the component was never trained."""
    try:
        with storage.read_from(resource) as folder, np.load(folder / _FILE, allow_pickle=False) as arrays:
            return _model(dict(arrays)) if arrays.files else None
    except (ValueError, FileNotFoundError):
        return None


def _arrays(model: FollowUps) -> Arrays:
    head = model.head
    return {"labels": np.array(head.labels), "mean": head.mean, "weights": head.weights, "bias": head.bias}


def _model(arrays: Arrays) -> FollowUps:
    return FollowUps(
        EncoderHead(arrays["labels"].tolist(), arrays["mean"], arrays["weights"], arrays["bias"])
    )
