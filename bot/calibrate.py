"""Fits the weights of the finder's probabilities (bot/understanding/certainty.py) on messages of our own.

`troly data calibrate` prints them, with how well they tell right from wrong and what each threshold of
knobs.py would give; whoever changed names or the ranking compares and copies them by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.calibration_messages import KINDS, Message
from bot.understanding.certainty import Evidence
from bot.understanding.data import CJK_LANGUAGES
from bot.understanding.finding import Finding

Find = Callable[[Message, bool], Finding]
"""What the finder makes of a message; the flag tells whether it may ask the encoder."""
_VI_EN, _CJK = frozenset({"vi", "en"}), frozenset(CJK_LANGUAGES)
FORMULAS: dict[str, tuple[frozenset[str], bool, str, tuple[str, ...]]] = {
    "TOP_BY_WORDS": (_VI_EN, False, "first", ("asked", "named", "covered", "score", "margin", "fifth")),
    "TOP": (_VI_EN, True, "first", ("asked", "named", "covered", "score", "margin", "fifth", "lead")),
    "TOP_FOREIGN": (_CJK, True, "first", ("named", "margin", "lead")),
    "AMONG": (_VI_EN, True, "five", ("score", "covered", "dense", "named", "content", "fifth")),
    "AMONG_FOREIGN": (_CJK, True, "five", ("score", "dense")),
}
"""Name in certainty.py -> languages, with the encoder, right first or among five, what it looks at."""
THRESHOLDS = (0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)


@dataclass(frozen=True, slots=True)
class Seen:
    """A message's evidence, and whether the right procedure was first, and among the first five."""

    language: str
    kind: str
    encoded: bool
    evidence: Evidence
    first: bool
    five: bool


@dataclass(frozen=True, slots=True)
class Fit:
    """A formula: its weights, the area under its ROC curve under cross-validation, and for each threshold
    the share of written messages that reach it and the share of those that are right."""

    name: str
    n: int
    weights: dict[str, float]
    auc: float
    reached: tuple[tuple[float, float, float], ...]


def observe(messages: Iterable[Message], find: Find, encoder: bool) -> list[Seen]:
    """The evidence for every message that has some, by words alone and, with an encoder, with it."""
    seen = []
    for message in messages:
        for encoded in (False, True) if encoder else (False,):
            finding = find(message, encoded)
            if finding.evidence is None:
                continue
            codes = [one.code for one in finding.procedures[:5]]
            right = [code in message.right for code in codes]
            one = Seen(
                message.language, message.kind, encoded, finding.evidence, right[:1] == [True], any(right)
            )
            seen.append(one)
    return seen


def fit(name: str, seen: Sequence[Seen]) -> Fit | None:
    """The formula of this name; None where there is too little to learn from."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import KFold

    languages, encoded, target, features = FORMULAS[name]
    used = [one for one in seen if one.language in languages and one.encoded == encoded]
    x = np.array([[getattr(one.evidence, feature) for feature in features] for one in used])
    y = np.array([getattr(one, target) for one in used], dtype=bool)
    if len(used) < 50 or not 10 <= y.sum() <= len(y) - 10:
        return None
    weigh = np.array([KINDS[one.kind] for one in used])
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
    scaled = (x - mean) / spread

    def model(rows: NDArray[Any]) -> Any:
        return LogisticRegression().fit(scaled[rows], y[rows], sample_weight=weigh[rows])

    unseen = np.zeros(len(y))
    for train, test in KFold(5, shuffle=True, random_state=0).split(scaled):
        unseen[test] = model(train).predict_proba(scaled[test])[:, 1]
    whole = model(np.arange(len(y)))
    slopes = whole.coef_[0] / spread
    weights = {"constant": float(whole.intercept_[0] - slopes @ mean)}
    weights |= dict(zip(features, map(float, slopes), strict=True))
    own = np.array([one.kind in ("written", "blind") for one in used])
    rounded = {key: round(value, 2) for key, value in weights.items()}
    return Fit(name, len(used), rounded, float(roc_auc_score(y, unseen)), _reached(unseen[own], y[own]))


def _reached(sure: NDArray[Any], right: NDArray[Any]) -> tuple[tuple[float, float, float], ...]:
    made = []
    for threshold in THRESHOLDS:
        over = sure >= threshold
        if over.any():
            made.append((threshold, float(over.mean()), float(right[over].mean())))
    return tuple(made)


def lines(fits: Iterable[Fit]) -> list[str]:
    """The formulas as certainty.py writes them, each with its figures."""
    shown = []
    for one in fits:
        inside = ", ".join(f'"{key}": {value}' for key, value in one.weights.items())
        shown += [f"{one.name}: Weights = {{{inside}}}", f"  AUC {one.auc:.3f} over {one.n} messages"]
        shown += [f"  from {t:.2f}: {share:.0%}, {right:.1%} right" for t, share, right in one.reached]
    return shown


__all__ = ["FORMULAS", "Fit", "Seen", "fit", "lines", "observe"]
