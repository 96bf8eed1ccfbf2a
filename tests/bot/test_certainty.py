"""The finder's probabilities: between 0 and 1, and moved by what ought to move them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.understanding.certainty import AMONG, MENTION, TOP, TOP_BY_WORDS, TOP_FOREIGN, Evidence, log_weight

CLEAR = Evidence(
    asked=0.9, named=1.0, matched=3.5, covered=1.0, content=3.0, score=1.1, margin=0.4, fifth=0.6,
    dense=1.0, lead=0.3,
)  # fmt: skip
VAGUE = Evidence(
    asked=0.3, named=0.2, matched=1.5, covered=0.3, content=3.0, score=0.35, margin=0.01, fifth=0.03
)


@pytest.mark.parametrize("weights", [TOP, TOP_BY_WORDS, AMONG, MENTION])
def test_clear_evidence_is_nearly_certain_and_vague_evidence_is_not(weights: dict[str, float]) -> None:
    assert CLEAR.weighed(weights) > 0.9
    assert VAGUE.weighed(weights) < 0.5


@pytest.mark.parametrize("weights", [TOP, TOP_BY_WORDS, TOP_FOREIGN])
def test_a_close_second_makes_unsure(weights: dict[str, float]) -> None:
    assert replace(CLEAR, margin=0.0, fifth=0.05).weighed(weights) < CLEAR.weighed(weights)


def test_what_the_names_do_not_explain_makes_unsure() -> None:
    assert replace(CLEAR, covered=0.4).weighed(TOP) < CLEAR.weighed(TOP)


def test_extremes_stay_probabilities() -> None:
    assert 0 <= replace(CLEAR, margin=1e6).weighed(TOP) <= 1
    assert 0 <= replace(CLEAR, margin=-1e6).weighed(TOP) <= 1
    assert log_weight(-1) == 0
