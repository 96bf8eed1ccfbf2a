"""A confidence is true where as many are right as it says."""

from __future__ import annotations

import pytest

from bot.calibration import curves
from bot.labelled import Record
from bot.measures import Outcome


def said(
    confidence: float,
    right: bool,
    score: float | None = None,
    first: str = "1.1",
    certainty: float | None = None,
) -> Outcome:
    record = Record("f", "1", "t", "vi", "accented", ("ask_fee",), ("1.1",))
    parsed = {
        "intent": {"name": "ask_fee" if right else "greet", "confidence": confidence},
        "procedures": [] if score is None else [{"code": first, "score": score}],
    }
    if certainty is not None:
        parsed["procedure_certainty"] = certainty
    return Outcome(record, parsed, 1.0)


def test_messages_are_put_together_by_confidence() -> None:
    intent, _ = curves(
        [said(0.95, True), said(0.91, True), said(0.99, False), said(0.12, False), said(1, True)]
    )
    first, last = intent.bins
    assert (first.confidence, first.right.right, first.right.n) == (0.12, 0, 1)
    assert (last.right.right, last.right.n) == (3, 4)
    assert last.confidence == pytest.approx((0.95 + 0.91 + 0.99 + 1) / 4)


def test_the_gap_is_the_mean_distance_from_the_truth() -> None:
    intent, _ = curves([said(0.8, True)] * 4 + [said(0.8, False)] + [said(0.3, True)] * 5)
    assert intent.gap == pytest.approx((0.0 * 5 + 0.7 * 5) / 10)
    assert intent.n == 10


def test_the_procedure_is_judged_by_its_certainty_or_else_its_score() -> None:
    _, procedure = curves(
        [
            said(1, True, score=0.5),
            said(1, True, score=0.5, first="1.9"),
            said(1, True, score=0.5, certainty=0.95),
            said(1, True),
        ]
    )
    assert [(one.confidence, one.right.right, one.right.n) for one in procedure.bins] == [
        (0.5, 1, 2),
        (0.95, 1, 1),
    ]


def test_nothing_has_no_curve() -> None:
    for curve in curves([]):
        assert (curve.n, curve.gap, curve.bins) == (0, None, ())
