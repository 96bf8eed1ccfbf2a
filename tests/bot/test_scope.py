"""Out of scope or not: the intent's odds and the finder's evidence together."""

from __future__ import annotations

import pytest

from bot.understanding.certainty import Evidence
from bot.understanding.knobs import SCOPE
from bot.understanding.scope import OUT_OF_SCOPE, is_a_name, mass, outside, revised

NEEDING = {"ask_fee", "ask_requirements"}


def test_a_clear_name_outweighs_an_unusual_question() -> None:
    ranking = {OUT_OF_SCOPE: 0.5, "ask_requirements": 0.45, "greet": 0.05}
    named, unknown = outside(ranking, NEEDING, 0.95, 0.98), outside(ranking, NEEDING, 0.1, 0.2)
    assert named < SCOPE.reject < unknown


def test_a_question_about_nothing_known_is_rejected_however_it_is_asked() -> None:
    ranking = {"ask_requirements": 0.55, OUT_OF_SCOPE: 0.45}
    assert outside(ranking, NEEDING, 0.05, 0.1) > SCOPE.reject
    assert outside({"ask_requirements": 0.99, OUT_OF_SCOPE: 0.01}, NEEDING, 0.05, 0.1) < SCOPE.reject


def test_no_intent_about_a_procedure_is_the_strongest_sign() -> None:
    assert outside({OUT_OF_SCOPE: 1.0}, NEEDING, 0.5, 0.5) > 0.95
    assert mass({"ask_fee": 0.25, "ask_requirements": 0.5, "greet": 0.25}, NEEDING) == 0.75


@pytest.mark.parametrize(("out", "rejects"), [(0.9, True), (0.72, True), (0.6, False), (0.1, False)])
def test_the_revised_ranking_agrees_with_the_decision(out: float, rejects: bool) -> None:
    made = revised({"ask_fee": 0.5, OUT_OF_SCOPE: 0.3, "greet": 0.2}, out, rejects)
    assert (next(iter(made)) == OUT_OF_SCOPE) is rejects
    assert list(made.values()) == sorted(made.values(), reverse=True)
    assert all(0 <= value <= 1 for value in made.values())


@pytest.mark.parametrize(
    ("asked", "named", "name"),
    [
        (1.0, 1.0, True),
        (0.76, 1.0, True),  # "personal income tax refund" has "income tax refund"
        (0.97, 0.54, True),  # "bring my dog into vietnam" is in "bring my dog or cat to Vietnam"
        (0.6, 0.6, False),
        (0.3, 1.0, False),  # a question of law about what a procedure is about
        (1.0, 0.3, False),  # one word of a name
    ],
)
def test_what_is_a_name_and_hardly_anything_else(asked: float, named: float, name: bool) -> None:
    assert is_a_name(Evidence(asked=asked, named=named)) is name
