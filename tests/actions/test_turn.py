"""The latest message as Rasa hands it over."""

from __future__ import annotations

import json
from typing import Any

from rasa_sdk import Tracker

from actions.turn import ASPECTS, INTENTS, Candidate, carried_on, payload, read


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


def outside(sure: float, likely: float = 0.0, **slots: Any) -> Tracker:
    """A message out of scope, with the probabilities of that and of asking for the documents."""
    names = {"out_of_scope": sure, "greet": 0.05, "ask_documents": likely}
    ranking = [{"name": name, "confidence": share} for name, share in names.items()]
    return tracker("mẹ tôi đi thay được không", slots, intent=ranking[0], intent_ranking=ranking)


def test_what_is_hardly_out_of_scope_goes_on_with_the_procedure() -> None:
    again = carried_on(read(outside(0.6, procedure_code="1.1")))
    assert again is not None and (again.intent, again.aspect) == ("ask_requirements", "requirements")
    again = carried_on(read(outside(0.6, 0.3, choices=[{"title": "a"}])))
    assert again is not None and again.aspect == "documents"


def test_what_is_surely_out_of_scope_or_follows_nothing_does_not() -> None:
    assert carried_on(read(outside(0.95, procedure_code="1.1"))) is None
    assert carried_on(read(outside(0.6))) is None
    pressed = tracker("/out_of_scope", {"procedure_code": "1.1"}, intent={"name": "out_of_scope"})
    assert carried_on(read(pressed)) is None


def test_every_aspect_has_its_intent() -> None:
    assert len(ASPECTS) == len(INTENTS) == 11


def test_a_payload_is_what_a_button_sends() -> None:
    assert payload("greet") == "/greet"
    made = payload("ask_fee", procedure_code="1.1", name="Sở")
    assert json.loads(made.removeprefix("/ask_fee")) == {"procedure_code": "1.1", "name": "Sở"}
    assert "Sở" in made
