"""Figures over labelled messages that are no plain shares: the F1 of each intent and their mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

_RESAMPLES = 1000
_SEED = 20250701

Pair = tuple[str, str]
"""What was expected and what was said."""


@dataclass(frozen=True, slots=True)
class Macro:
    """A mean over labels with its 95 % bootstrap interval, over n messages."""

    value: float | None
    low: float | None
    high: float | None
    n: int

    def to_dict(self) -> dict[str, float | int | None]:
        """JSON: value, low, high, n."""
        return {"value": self.value, "low": self.low, "high": self.high, "n": self.n}


def f1_by_label(pairs: Iterable[Pair]) -> dict[str, float]:
    """Label -> F1, for every label that was expected or said."""
    counts = Counter(pairs)
    hits: Counter[str] = Counter()
    expected: Counter[str] = Counter()
    said: Counter[str] = Counter()
    for (wanted, given), number in counts.items():
        expected[wanted] += number
        said[given] += number
        if wanted == given:
            hits[wanted] += number
    labels = sorted(expected.keys() | said.keys())
    return {label: 2 * hits[label] / (expected[label] + said[label]) for label in labels}


def macro_f1(pairs: Sequence[Pair]) -> Macro:
    """The plain mean of the labels' F1 (as scikit-learn's f1_score(average="macro")).

    The interval is the middle 95 % over 1,000 resamples of the messages with a fixed seed, because no
    formula fits a mean of ratios.
    """
    if not pairs:
        return Macro(None, None, None, 0)
    by_label = f1_by_label(pairs)
    low, high = _bootstrap(pairs)
    return Macro(sum(by_label.values()) / len(by_label), low, high, len(pairs))


def _bootstrap(pairs: Sequence[Pair]) -> tuple[float, float]:
    counts = Counter(pairs)
    kinds = sorted(counts)
    labels = {label: index for index, label in enumerate(sorted({label for kind in kinds for label in kind}))}
    expected, said, hits = (np.zeros((len(kinds), len(labels))) for _ in range(3))
    for row, (wanted, given) in enumerate(kinds):
        expected[row, labels[wanted]] = said[row, labels[given]] = 1
        hits[row, labels[wanted]] = wanted == given
    shares = np.array([counts[kind] for kind in kinds]) / len(pairs)
    drawn = np.random.default_rng(_SEED).multinomial(len(pairs), shares, size=_RESAMPLES)
    support = drawn @ (expected + said)
    with np.errstate(invalid="ignore"):
        scores = np.where(support > 0, 2 * (drawn @ hits) / support, np.nan)
    # A label that a resample does not hold has no F1 there and does not count.
    means = np.nanmean(scores, axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p of McNemar's test: how likely a difference at least this large is by chance.

    `only_first` and `only_second` count the messages that one run got right and the other wrong. The rest
    says nothing about which is better.
    """
    n, fewer = only_first + only_second, min(only_first, only_second)
    return min(1.0, 2 * float(sum(comb(n, k) for k in range(fewer + 1)) / 2**n))
