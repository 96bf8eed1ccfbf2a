"""Trains, stores and loads what knows further messages about a procedure (understanding/follow_ups.py)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage

from bot.head_training import trained_head
from bot.understanding import data, normalize
from bot.understanding.follow_ups import FOLLOWS, OTHER, FollowUps
from bot.understanding.second_opinion import EncoderHead

_FILE = "follow_ups.npz"


def train_follow_ups(root: Path, others: Sequence[str]) -> FollowUps | None:
    """From follow_ups.yml and `others`, normalized sentences about no procedure.

    From the cache where nothing changed. None without an encoder, and where there are none of either kind.
    """
    stated = data.follow_ups(root)
    clean = normalize.make_normalizer(*data.short_forms(root), data.hint_words(root, "en")).normalize
    texts = [*(clean(text) for text, _ in stated), *others]
    labels = [FOLLOWS if follows else OTHER for _, follows in stated] + [OTHER] * len(others)
    if len(set(labels)) < 2 or (head := trained_head("follow-ups", texts, labels)) is None:
        return None
    return FollowUps(head)


def save_follow_ups(storage: ModelStorage, resource: Resource, model: FollowUps | None) -> None:
    """Write the model into Rasa's archive; an empty file where there is none."""
    with storage.write_to(resource) as folder:
        np.savez(folder / _FILE, **(model.head.to_arrays() if model else {}))


def load_follow_ups(storage: ModelStorage, resource: Resource) -> FollowUps | None:
    """What save_follow_ups() wrote; None where the component was never trained."""
    try:
        with storage.read_from(resource) as folder, np.load(folder / _FILE, allow_pickle=False) as arrays:
            return FollowUps(EncoderHead.of_arrays(arrays)) if arrays.files else None
    except (ValueError, FileNotFoundError):
        return None
