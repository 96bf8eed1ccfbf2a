"""Whether a confidence is true: of what was said with .8, four of five should be right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.measures import Outcome
from troly.statistics import Share

_BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Messages of about one confidence: their mean confidence, and how many were right."""

    confidence: float
    right: Share


@dataclass(frozen=True, slots=True)
class Curve:
    """A reliability curve over n messages, and the mean gap between confidence and truth (0 is perfect)."""

    name: str
    bins: tuple[Bin, ...]

    @property
    def n(self) -> int:
        """How many messages."""
        return sum(one.right.n for one in self.bins)

    @property
    def gap(self) -> float | None:
        """The expected calibration error; None of nothing."""
        if not self.n:
            return None
        return sum(one.right.n * abs(one.confidence - (one.right.value or 0)) for one in self.bins) / self.n

    def to_dict(self) -> dict[str, object]:
        """JSON."""
        bins = [{"confidence": one.confidence, **one.right.to_dict()} for one in self.bins]
        return {"name": self.name, "n": self.n, "expected_calibration_error": self.gap, "bins": bins}


def curves(outcomes: Sequence[Outcome]) -> list[Curve]:
    """The intent's confidence; and the first procedure's score, where one procedure is right."""
    return [
        _curve("intent", outcomes, lambda one: one.confidence, lambda one: one.intent_right),
        _curve(
            "procedure",
            [one for one in outcomes if one.record.counts_in_recall and one.codes],
            procedure_confidence,
            lambda one: one.first_right,
        ),
    ]


def procedure_confidence(outcome: Outcome) -> float:
    """How sure the finder says it is of its first procedure; the first one's score where it does not say."""
    stated = outcome.parsed.get("procedure_certainty")
    if isinstance(stated, int | float):
        return float(stated)
    first = (outcome.parsed.get("procedures") or [{}])[0]
    return float(first.get("score") or 0.0)


def _curve(
    name: str,
    outcomes: Sequence[Outcome],
    confidence: Callable[[Outcome], float],
    right: Callable[[Outcome], bool],
) -> Curve:
    members: dict[int, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        members[min(_BINS - 1, max(0, int(confidence(outcome) * _BINS)))].append(outcome)
    return Curve(
        name,
        tuple(
            Bin(sum(map(confidence, inside)) / len(inside), Share(sum(map(right, inside)), len(inside)))
            for _, inside in sorted(members.items())
        ),
    )
