"""The latest message as Rasa hands it over."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from rasa_sdk import Tracker

from actions.turn import ASPECTS, INTENTS, Candidate, Turn, carried_on, misses, payload, read


def tracker(text: str, slots: dict[str, Any] | None = None, **latest: Any) -> Tracker:
    return Tracker("c", slots or {}, {"text": text, **latest}, [], False, None, {}, None)


def test_what_was_understood_and_what_is_remembered_are_read() -> None:
    turn = read(
        tracker(
            "lệ phí khai sinh",
            {"procedure_code": "1.1", "aspect": "fee", "choices": [{"title": "a"}]},
            intent={"name": "ask_fee"},
            procedures=[{"code": "1.2", "name": "n", "score": 2}],
            procedure_decision="answer",
            procedure_mention=0.7,
            procedure_change=0.4,
        )
    )
    assert (turn.intent, turn.aspect, turn.pressed) == ("ask_fee", "fee", False)
    assert turn.candidates == (Candidate("1.2", "n", 2.0),)
    assert (turn.decision, turn.mention, turn.change) == ("answer", 0.7, 0.4)
    assert (turn.focus, turn.focus_aspect, turn.choices) == ("1.1", "fee", ({"title": "a"},))


def test_a_pressed_button_is_not_searched_for() -> None:
    found = {
        "procedures": [{"code": "1.2", "score": 2}],
        "procedure_decision": "answer",
        "procedure_mention": 1,
    }
    turn = read(tracker("/ask_fee", intent={"name": "ask_fee"}, **found))
    assert turn.pressed
    assert (turn.candidates, turn.decision, turn.mention) == ((), "none", 0.0)


def test_the_first_of_two_entities_counts() -> None:
    entities = [{"entity": "ordinal", "value": 1}, {"entity": "ordinal", "value": 2}]
    assert read(tracker("1 hay 2", entities=entities)).entities == {"ordinal": 1}


def test_an_empty_message_is_read_without_error() -> None:
    turn = read(Tracker("c", {}, None, [], False, None, {}, None))
    assert (turn.intent, turn.text, turn.entities, turn.choices) == ("", "", {}, ())


def outside(text: str = "mẹ tôi đi thay được không", **slots: Any) -> Tracker:
    """A message out of scope that may ask for the documents."""
    return tracker(text, slots, intent={"name": "out_of_scope"}, follow_up="ask_documents")


def test_what_is_hardly_out_of_scope_goes_on_with_what_is_talked_of() -> None:
    for slots in ({"procedure_code": "1.1"}, {"choices": [{"title": "a"}]}):
        again = carried_on(read(outside(**slots)))
        assert again is not None and (again.intent, again.aspect) == ("ask_documents", "documents")


def test_what_follows_nothing_goes_on_with_nothing() -> None:
    assert carried_on(read(outside())) is None
    assert carried_on(read(outside("/out_of_scope", procedure_code="1.1"))) is None


def test_every_aspect_has_its_intent() -> None:
    assert len(ASPECTS) == len(INTENTS) == 11


def test_a_payload_is_what_a_button_sends() -> None:
    assert payload("greet") == "/greet"
    made = payload("ask_fee", procedure_code="1.1", name="Sở")
    assert json.loads(made.removeprefix("/ask_fee")) == {"procedure_code": "1.1", "name": "Sở"}
    assert "Sở" in made


@pytest.mark.parametrize(("confidence", "aspect"), [(0.2, "fee"), (0.9, "online")])
def test_a_guessed_aspect_does_not_replace_the_one_that_was_asked_for(confidence: float, aspect: str) -> None:
    said = Turn("ask_online", "temporary residence", False, focus_aspect="fee", confidence=confidence)
    assert said.aspect == aspect
    assert replace(said, focus="1.004194").aspect == "online"


@pytest.mark.parametrize(
    ("intent", "confidence", "named", "missed"),
    [
        ("find_office", 0.9, False, True),
        ("out_of_scope", 0.9, False, True),
        ("ask_procedure", 0.4, False, True),
        ("ask_procedure", 0.4, True, False),
        ("ask_procedure", 0.9, False, False),
        ("ask_fee", 0.4, False, False),
    ],
)
def test_what_names_nothing_is_a_failed_answer_to_a_form(
    intent: str, confidence: float, named: bool, missed: bool
) -> None:
    found = (Candidate("1.2", "n", 1.0),) if named else ()
    turn = Turn(intent, "Springfield please", False, candidates=found, confidence=confidence)
    assert misses(turn, "find_office") is missed
    assert not misses(replace(turn, pressed=True), "find_office")
