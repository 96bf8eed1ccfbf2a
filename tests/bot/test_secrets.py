"""Which of a conversation's messages are masked where Rasa keeps them."""

from __future__ import annotations

from typing import Any

import pytest
from rasa.shared.core.events import ActionExecuted, ActiveLoop, Event, SlotSet, UserUttered

from bot import secrets
from troly.privacy import MASK

OPEN, CLOSED = ActiveLoop("verify_form"), ActiveLoop(None)


def said(text: str, message_id: str = "", **metadata: Any) -> UserUttered:
    parsed = {
        "text": text,
        "text_normalized": text,
        "language": "vi",
        "intent": {"name": "out_of_scope", "confidence": 0.9},
        "entities": [{"entity": "phone", "value": text}],
        "procedures": [{"code": "1.001193", "name": text}],
    }
    about = {"message_id": message_id} | metadata
    return UserUttered(text, parse_data=parsed, metadata=about)


@pytest.mark.parametrize(
    ("events", "masked"),
    [
        ([said("7195")], []),
        ([OPEN, said("7195")], [1]),
        ([ActiveLoop("application_form"), said("7195")], []),
        ([OPEN, said("7195"), CLOSED, said("cảm ơn")], [1]),
        ([OPEN, said("7195", "m1"), CLOSED, said("7195", "m1")], [1, 3]),
        ([OPEN, said('/tell_notice{"notice_id": "x"}'), said("7195")], [2]),
        ([said("7195", secret=True)], [0]),
        ([OPEN, ActionExecuted("verify_form"), SlotSet("x", 1), said("7195")], [3]),
    ],
)
def test_what_came_while_a_secret_was_awaited_is_found(events: list[Event], masked: list[int]) -> None:
    assert sorted(secrets.secret_messages(events)) == masked


def test_of_a_masked_message_only_intent_language_and_ids_are_left() -> None:
    events = [OPEN, said("7195", "m1"), CLOSED, said("7196", "m2")]
    kept = list(secrets.as_stored(events, 1))
    assert "7195" not in repr(kept[0]) and "7196" in repr(kept[2])
    assert (kept[0]["text"], kept[0]["parse_data"]["text"]) == (MASK, MASK)
    assert kept[0]["parse_data"]["intent"]["name"] == "out_of_scope"
    assert (kept[0]["parse_data"]["language"], kept[0]["metadata"]["message_id"]) == ("vi", "m1")
    again = Event.from_parameters(kept[0])
    assert isinstance(again, UserUttered) and again.text == MASK


def test_of_the_ranking_as_much_is_kept_as_staff_are_shown() -> None:
    ranking = [{"name": f"intent_{n}", "confidence": 0.1} for n in range(10)]
    message = UserUttered("a", parse_data={"intent": ranking[0], "entities": [], "intent_ranking": ranking})
    short = UserUttered("b", parse_data={"intent": ranking[0], "entities": [], "intent_ranking": ranking[:2]})
    first, second = secrets.as_stored([message, short], 0)
    assert first["parse_data"]["intent_ranking"] == ranking[:5]
    assert second["parse_data"]["intent_ranking"] == ranking[:2]
    assert message.parse_data["intent_ranking"] == ranking, "the conversation goes on with all of it"


def test_the_hash_of_the_visitors_address_is_kept_nowhere() -> None:
    metadata = {"channel": "web", "visitor": "a-hash"}
    events = [
        said("chào", "m1", visitor="a-hash"),
        SlotSet("session_started_metadata", metadata),
        OPEN,
        said("7195", "m2", visitor="a-hash"),
    ]
    assert "a-hash" not in repr(list(secrets.as_stored(events, 0)))
    assert secrets.without_visitor({"session_started_metadata": metadata, "aspect": "fee"}) == {
        "session_started_metadata": {"channel": "web"},
        "aspect": "fee",
    }


def test_every_form_that_asks_for_a_secret_is_one_of_the_domain() -> None:
    from bot import assistant

    assert set(assistant.compile_domain()["forms"]) >= secrets.FORMS
