"""Where two messages are near enough to come together: python -m tests.console.bench_grouping

Names that citizens give to procedures (nlu_data/procedures.yml) stand for messages: two of one procedure
belong together, two of different ones do not. For queues of 60 and of 300 procedures, drawn by chance, and
for each threshold: the share of messages that have a near one, and how often the nearest is of the same
procedure. Of the words alone (grouping.py) and of the encoder (meanings.py): the threshold of the encoder is
the one at which it is right about as often as the words are at theirs. A minute of work.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bot.understanding.encoder import load_encoder
from console.review import grouping, meanings
from console.review.grouping import vector_of
from console.review.known import known
from troly.learning import folded

SEED = 2
SIZES = ((60, 15), (300, 2))
"""Procedures in a queue, and how many such queues."""
NAMES = 4
"""Of a procedure, at most."""

Near = NDArray[np.float32]


def of_words(texts: Sequence[str]) -> Near:
    """Cosines of each two texts by their words."""
    vectors = [vector_of(folded(text), known().rarity) for text in texts]
    grams = {gram: place for place, gram in enumerate({gram for vector in vectors for gram in vector})}
    table = np.zeros((len(texts), len(grams)), dtype=np.float32)
    for row, vector in zip(table, vectors, strict=True):
        for gram, weight in vector.items():
            row[grams[gram]] = weight
    made: Near = table @ table.T
    return made


def of_meaning(texts: Sequence[str]) -> Near:
    """Cosines of each two texts by the encoder."""
    encoder = load_encoder("auto")
    if encoder is None:
        raise SystemExit("no encoder runs here")
    vectors = encoder.queries(list(texts))
    made: Near = vectors @ vectors.T
    return made


def nearest_right(near: Near, codes: NDArray[np.str_], threshold: float) -> tuple[int, int]:
    """Of how many messages another is near, and of how many of these the nearest is of the same procedure."""
    apart = near - 2 * np.eye(len(near), dtype=np.float32)
    best, at = apart.argmax(1), apart.max(1) >= threshold
    return int(at.sum()), int((codes[best] == codes)[at].sum())


def main() -> None:
    """Print a line for each threshold."""
    chance = random.Random(SEED)
    names = {code: those for code, those in sorted(known().names.items()) if len(those) > 1}
    ways: tuple[tuple[str, Callable[[Sequence[str]], Near], Sequence[float], float], ...] = (
        ("words", of_words, (0.4, 0.5, grouping.NEAR), grouping.NEAR),
        ("meaning", of_meaning, (0.9, 0.91, meanings.NEAR, 0.93, 0.94), meanings.NEAR),
    )
    for size, times in SIZES:
        queues = []
        for _ in range(times):
            codes = chance.sample(sorted(names), size)
            pairs = [
                (code, name)
                for code in codes
                for name in chance.sample(names[code], min(NAMES, len(names[code])))
            ]
            queues.append((np.array([code for code, _ in pairs]), [name for _, name in pairs]))
        for title, near_of, thresholds, ours in ways:
            made = [(near_of(texts), codes) for codes, texts in queues]
            number = sum(len(codes) for _, codes in made)
            for threshold in thresholds:
                merged, right = np.sum([nearest_right(*one, threshold) for one in made], axis=0)
                sys.stdout.write(
                    f"{size} procedures, {title:<8} {threshold:.2f}: joined {merged / number:.3f}, "
                    f"right {right / max(1, merged):.3f}{'  <-' if threshold == ours else ''}\n"
                )


if __name__ == "__main__":
    main()
