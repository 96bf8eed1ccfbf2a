"""How sure the finder may be: small logistic formulas over what speaks for the best candidate.

The weights are fitted on our own messages: tests/bot/finder_messages*.yml, tests/nlu, tests/messages/fitted,
and queries made of everyday names that the finder was not given and of official names with words left out
(docs/evaluation.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log1p

Weights = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for the best candidate; shares are 0..1.

    asked: share of the message found in its name; named: share of its name found in the message; matched:
    weight of the words and pairs that both have (log); covered: share of the message's content words that
    its names explain; content: weight of those words (log); score: of its names; margin, fifth: of names and
    record, over the next and the fifth procedure; dense: closeness by the encoder (0 without); lead: that
    over the closest other procedure; sibling: 1 where the next is a variant of the best; containing: how
    many procedures have a name that contains the whole message; rare: 1 where few ask for the best.
    """

    asked: float = 0.0
    named: float = 0.0
    matched: float = 0.0
    covered: float = 0.0
    content: float = 0.0
    score: float = 0.0
    margin: float = 0.0
    fifth: float = 0.0
    dense: float = 0.0
    lead: float = 0.0
    sibling: float = 0.0
    english: float = 0.0
    containing: int = 0
    rare: float = 0.0

    def weighed(self, weights: Weights) -> float:
        """The probability that the formula gives."""
        found = sum(getattr(self, name) * weight for name, weight in weights.items() if name != "constant")
        return logistic(weights["constant"] + found)


MENTION: Weights = {"constant": -8.6, "named": 7.4, "matched": 1.9, "score": 1.3}
"""That the message names a procedure at all."""

TOP_BY_WORDS: Weights = {
    "constant": -2.17, "asked": -5.33, "named": 0.05, "covered": 5.27, "score": 1.17, "margin": 11.34,
    "fifth": 1.95,
}  # fmt: skip
"""That the best candidate is the right one, without the encoder (AUC .82 under cross-validation)."""

TOP: Weights = {
    "constant": -1.63, "asked": -5.07, "named": 0.42, "covered": 4.5, "score": 0.4, "margin": 6.21,
    "fifth": 2.13, "lead": 2.87,
}  # fmt: skip
"""The same with the encoder (AUC .83)."""

TOP_FOREIGN: Weights = {"constant": -0.84, "named": 0.91, "margin": 0.85, "lead": 6.99}
"""The same for Chinese, Korean and Japanese (AUC .70)."""

AMONG: Weights = {
    "constant": -2.51, "score": -0.24, "covered": 0.85, "dense": 1.86, "named": 1.33, "content": 0.33,
    "fifth": 5.96,
}  # fmt: skip
"""That the right one is among the first five, with the encoder or without (AUC .83)."""

AMONG_FOREIGN: Weights = {"constant": -1.09, "score": -0.43, "dense": 3.29}
"""The same for Chinese, Korean and Japanese (AUC .57: hardly better than none)."""


def logistic(value: float) -> float:
    """1 / (1 + e^-value), for any value."""
    return 1 / (1 + exp(-max(-30.0, min(30.0, value))))


def log_weight(value: float) -> float:
    """Weights of words grow with the length of the message; their logarithm hardly does."""
    return log1p(max(0.0, value))
