"""What is said about the desk, and what the gateway is asked to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from actions import person
from actions.procedures import ActionOutOfScope
from actions.yes_no import ActionCancel
from troly.clock import VIETNAM, now
from troly.database import async_engine, engine
from troly.tables import Base
from troly.tables.conversations import Conversation
from troly.tables.handover import DeskPresence, Handover

OPEN = datetime(2026, 11, 23, 9, 0, tzinfo=VIETNAM)
CLOSED = datetime(2026, 11, 22, 9, 0, tzinfo=VIETNAM)


@pytest.fixture
async def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts rows before the desk of conversation "c"."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    made = engine(url)
    Base.metadata.create_all(made)
    database = async_engine(url)
    monkeypatch.setattr("actions.portal.engine", lambda: database)

    def put(state: str, minutes: float, waited: float | None = None, name: str = "") -> None:
        asked = now() - timedelta(minutes=minutes)
        with made.begin() as connection:
            identity = name or f"{state}-{minutes}-{waited}"
            connection.execute(
                insert(Conversation).values(id=identity, channel="web", created_at=asked, active_at=asked)
            )
            connection.execute(
                insert(Handover).values(
                    conversation_id=identity,
                    state=state,
                    reason="",
                    asked_at=asked,
                    claimed_at=None if waited is None else asked + timedelta(minutes=waited),
                )
            )

    def present(seconds: float) -> None:
        with made.begin() as connection:
            connection.execute(
                insert(DeskPresence).values(officer="lan", seen_at=now() - timedelta(seconds=seconds))
            )

    put.present = present  # type: ignore[attr-defined]
    yield put
    await database.dispose()
    made.dispose()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    return lambda moment: monkeypatch.setattr("actions.person.now", lambda: moment)


async def test_without_experience_the_wait_is_said_to_be_unknown(
    queue: Any, at: Any, act: Any, read_out: Any
) -> None:
    at(OPEN)
    done = await act(person.ActionTalkToHuman(), "talk_to_human", "gặp người")
    text = read_out(done.said)
    assert done.said["answer"] == {"status": "handed_over", "intent": "talk_to_human"}
    assert "chưa biết phải chờ bao lâu" in text and "Không có ai chờ" in text and "chưa thấy cán bộ" in text


async def test_the_wait_is_the_median_of_the_last_handovers(
    queue: Any, at: Any, act: Any, read_out: Any
) -> None:
    at(OPEN)
    for minutes, waited in ((300, 2), (200, 4), (100, 60)):
        queue("closed", minutes, waited)
    queue("waiting", 5)
    queue("waiting", 3)
    queue.present(30)
    text = read_out((await act(person.ActionTalkToHuman(), "talk_to_human", "gặp người")).said)
    assert "khoảng 4 phút" in text and "Có 2 người chờ" in text and "Có cán bộ đang trực" in text
    english = read_out((await act(person.ActionTalkToHuman(), "talk_to_human", "a person")).said, "en")
    assert "about 4 minutes" in english and "2 people" in english


async def test_an_official_who_closed_the_console_is_not_there(
    queue: Any, at: Any, act: Any, read_out: Any
) -> None:
    at(OPEN)
    queue.present(600)
    assert "chưa thấy cán bộ" in read_out((await act(person.ActionTalkToHuman(), "talk_to_human", "x")).said)


async def test_who_waits_is_told_where_they_stand(queue: Any, at: Any, act: Any, read_out: Any) -> None:
    at(OPEN)
    queue("waiting", 9)
    queue("waiting", 5, name="c")
    queue("waiting", 1)
    done = await act(person.ActionTalkToHuman(), "talk_to_human", "sao chưa thấy ai")
    assert done.said["response"] == "person_asked_before" and "Có 1 người chờ trước" in read_out(done.said)


@pytest.mark.parametrize(
    ("words", "cancels"),
    [
        ("thôi không cần gặp cán bộ nữa", True),
        ("khong can gap nua", True),
        ("I don't need an official any more", True),
        ("cho tôi gặp cán bộ", False),
        ("sao không có ai trả lời", False),
        ("bao giờ tôi mới được gặp", False),
    ],
)
async def test_a_waiting_citizen_may_say_that_nobody_is_needed(
    queue: Any, at: Any, act: Any, words: str, cancels: bool
) -> None:
    at(OPEN)
    queue("waiting", 5, name="c")
    said = (await act(person.ActionTalkToHuman(), "talk_to_human", words)).said
    assert (said["response"] == "person_cancelled") == cancels
    assert (said["answer"].get("handover") == {"wish": "cancel"}) == cancels


@pytest.mark.parametrize(("waits", "response"), [(True, "person_cancelled"), (False, "utter_cancelled")])
async def test_giving_up_waiting_leaves_the_queue(
    queue: Any, at: Any, act: Any, waits: bool, response: str
) -> None:
    at(OPEN)
    if waits:
        queue("waiting", 5, name="c")
    assert (await act(ActionCancel(), "cancel", "thôi không chờ nữa")).said["response"] == response


async def test_outside_hours_nobody_is_asked(queue: Any, at: Any, act: Any, read_out: Any) -> None:
    at(CLOSED)
    done = await act(person.ActionTalkToHuman(), "talk_to_human", "gặp người")
    assert done.said["answer"]["status"] == "answered"
    assert "23/11/2026, 07:30" in read_out(done.said)
    assert [button["payload"] for button in done.said["choices"]] == ["/leave_message"]


async def test_where_nobody_answers_other_ways_are_told(
    queue: Any, at: Any, act: Any, read_out: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(OPEN)
    none = person.settings().model_copy(update={"handover_minutes": 0})
    monkeypatch.setattr("actions.person.settings", lambda: none)
    done = await act(person.ActionTalkToHuman(), "talk_to_human", "gặp người")
    assert done.said["response"] == "person_elsewhere" and "18001096" in read_out(done.said)


@pytest.mark.parametrize(
    ("text", "intent", "slot"),
    [
        ("0912 345 678", "out_of_scope", "m1"),
        ("số em là 0912.345.678 ạ", "ask_fee", "m1"),
        ("+84912345678", "out_of_scope", "m1"),
        ("không cần", "out_of_scope", "none"),
        ("khong", "deny", "none"),
        ("no thanks", "out_of_scope", "none"),
        ("091234", "out_of_scope", None),
    ],
)
async def test_a_number_or_none_is_taken(act: Any, text: str, intent: str, slot: str | None) -> None:
    done = await act(
        person.ValidateMessageForm(),
        intent,
        text,
        slots={"requested_slot": "message_phone"},
        metadata={"message_id": "m1"},
    )
    assert done.slots == {"message_phone": slot}


async def test_another_question_instead_of_a_number_is_let_through(act: Any) -> None:
    slots = {"requested_slot": "message_phone"}
    done = await act(person.ValidateMessageForm(), "ask_fee", "lệ phí khai sinh?", slots=slots)
    assert done.slots == {}


async def test_any_words_are_a_message_but_not_a_button(act: Any) -> None:
    slots, metadata = {"requested_slot": "message_about"}, {"message_id": "m1"}
    for intent in ("ask_fee", "out_of_scope", "abuse"):
        done = await act(person.ValidateMessageForm(), intent, "chuyện dài", slots=slots, metadata=metadata)
        assert done.slots == {"message_about": "m1"}
    assert (await act(person.ValidateMessageForm(), "ask_fee", "/ask_fee", slots=slots)).slots == {}
    assert (await act(person.ValidateMessageForm(), "cancel", "hủy", slots=slots)).slots == {}


async def test_the_gateway_is_told_which_messages_hold_words_and_number(act: Any, database: Any) -> None:
    slots = {"message_about": "m1", "message_phone": "m2"}
    done = await act(person.ActionLeaveMessage(), "out_of_scope", slots=slots)
    assert done.said["answer"]["handover"] == {"wish": "message", "about": "m1", "phone": "m2"}
    assert done.slots == {"message_about": None, "message_phone": None}
    done = await act(person.ActionLeaveMessage(), "deny", slots=slots | {"message_phone": "none"})
    assert done.said["answer"]["handover"]["phone"] is None and done.said["response"] == "message_left"


async def test_the_number_is_asked_for_as_a_secret(act: Any, queue: Any) -> None:
    done = await act(person.ActionAskMessagePhone(), "ask_fee", slots={"requested_slot": "message_about"})
    assert done.said["secret"] is True and "days" in done.said


@pytest.mark.parametrize(
    ("words", "waits", "told"),
    [
        ("lâu quá", True, True),
        ("bao lâu nữa vậy", True, True),
        ("how much longer", True, True),
        ("too slow", True, True),
        ("bao lâu thì có giấy khai sinh", True, False),
        ("lâu quá", False, False),
    ],
)
async def test_who_waits_and_asks_how_long_is_told(
    queue: Any, at: Any, act: Any, words: str, waits: bool, told: bool
) -> None:
    at(OPEN)
    if waits:
        queue("waiting", 5, name="c")
    said = (await act(ActionOutOfScope(), "out_of_scope", words)).said
    assert (said["response"] == "person_asked_before") == told
