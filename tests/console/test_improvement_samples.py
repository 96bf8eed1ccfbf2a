"""The sample conversations of a round of improvement stand nowhere else in the project."""

from __future__ import annotations

from collections import Counter

from console.review.known import known
from tests.console.improvement import Sample, figures, is_right, samples, seen_before
from troly.learning import folded


def test_samples_are_complete_and_stand_nowhere_else() -> None:
    found = samples()
    assert len(found) >= 90
    assert set(Counter(one.theme for one in found).values()) == {3}
    assert sum(one.aside for one in found) * 3 == len(found)
    assert len({folded(one.text) for one in found}) == len(found)
    assert seen_before(found) == []
    intents = known().intents
    assert {one.intent for one in found} <= set(intents)
    assert all(bool(one.procedure) is intents[one.intent].needs_procedure for one in found)


def test_a_sentence_of_the_project_would_be_found() -> None:
    there = sorted(known().sentences)[0]
    assert seen_before([Sample("x", there, "greet", None, False)]) == [there]


def test_understood_is_the_intent_and_the_procedure() -> None:
    one = Sample("x", "a", "ask_fee", "1.1", False)
    assert is_right(one, {"intent": "ask_fee", "procedure_code": "1.1"})
    assert not is_right(one, {"intent": "ask_fee", "procedure_code": None})
    assert not is_right(one, {"intent": "ask_place", "procedure_code": "1.1"})
    assert is_right(Sample("x", "a", "greet", None, False), {"intent": "greet", "procedure_code": "1.1"})
    made = figures([one], {"a": {"intent": "ask_fee", "procedure_code": None, "status": "clarify"}})
    assert (made["n"], made["understood"], made["intent"], made["asked_back"]) == (1, 0, 1, 1)
