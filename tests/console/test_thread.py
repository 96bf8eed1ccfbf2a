"""One conversation: what the assistant saw, what is hidden, what staff put on it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import insert, text

from console.conversations import seen
from troly.tables.tracker import TrackerEvent

WORDS = "tôi tên là Trần Thị Hoa, số 0912345678, hỏi lệ phí khai sinh"


def events(message_id: str) -> list[dict[str, Any]]:
    """As Rasa's tracker stores a turn."""
    parsed = {
        "intent": {"name": "ask_fee", "confidence": 0.81},
        "intent_ranking": [{"name": "ask_fee", "confidence": 0.81}, {"name": "ask_place", "confidence": 0.1}],
        "entities": [{"entity": "phone", "value": "0912345678", "start": 1, "end": 2}],
        "procedures": [{"code": "1.001193", "name": "Thủ tục đăng ký khai sinh", "score": 0.913}],
        "procedure_decision": "answer",
        "text_normalized": WORDS,
        "language": "vi",
        "ms": 3.4,
        "ms_parts": {"intent": 1.2},
    }
    return [
        {"event": "action", "name": "action_listen", "timestamp": 99.0},
        {"event": "user", "timestamp": 100.0, "metadata": {"message_id": message_id}, "parse_data": parsed},
        {"event": "slot", "name": "procedure_code", "value": "1.001193", "timestamp": 100.1},
        {"event": "action", "name": "action_answer_procedure", "policy": "RulePolicy", "timestamp": 100.25},
        {"event": "bot", "text": "…", "timestamp": 100.25},
        {"event": "action", "name": "action_listen", "timestamp": 100.26},
    ]


async def tracked(office: Any, identity: str) -> None:
    (row,) = await office.rows(text(f"SELECT id FROM inbox WHERE conversation_id = '{identity}'"))
    async with office.store.write() as connection:
        for event in events(row.id):
            await connection.execute(
                insert(TrackerEvent).values(
                    sender_id=identity, type=event["event"], timestamp=event["timestamp"], data=event
                )
            )


def test_a_turn_is_read_from_rasas_events() -> None:
    found = seen.read(events("m1"))
    assert list(found) == ["m1"]
    turn = found["m1"]
    assert (turn.intent, turn.confidence, turn.decision) == ("ask_fee", 0.81, "answer")
    assert turn.procedures[0]["code"] == "1.001193"
    assert [(action.name, round(action.ms or 0)) for action in turn.actions] == [
        ("action_answer_procedure", 150)
    ]
    assert turn.slots == {"procedure_code": "1.001193"}


def test_a_message_that_rasa_saw_twice_is_shown_as_it_was_seen_last() -> None:
    first, second = events("m1"), events("m1")
    second[1]["parse_data"] = {"intent": {"name": "ask_place", "confidence": 0.5}}
    assert seen.read([*first, *second])["m1"].intent == "ask_place"


def test_events_of_a_masked_or_broken_message_are_no_trouble() -> None:
    odd = [{"event": "user", "metadata": None, "parse_data": None}, {"event": "action", "name": None}, {}]
    assert seen.read(odd) == {}


async def test_the_thread_shows_what_the_assistant_saw_and_hides_personal_data(each_office: Any) -> None:
    await each_office.talk({"text": WORDS}, id="x")
    await tracked(each_office, "x")
    client = await each_office.staff("reviewer")
    page = (await client.get("/console/conversations/x")).text
    for shown in (
        "ask_place",
        "81,0%",
        "1.001193",
        "0.913",
        "action_answer_procedure",
        "150 ms",
        "Đã trả lời",
    ):
        assert shown in page
    assert "0912345678" not in page and "Thị Hoa" not in page
    assert "/reveal" not in page


async def test_revealing_needs_the_right_and_a_reason_and_is_written_down(each_office: Any) -> None:
    await each_office.talk({"text": WORDS}, id="x")
    officer = await each_office.staff("officer", name="mai")
    short = await each_office.post(officer, "/conversations/x/reveal", {"reason": " ngắn "})
    assert short.status_code == 422 and "0912345678" not in short.text
    shown = await each_office.post(
        officer, "/conversations/x/reveal", {"reason": "công dân 0912345678 nhờ tìm hồ sơ"}
    )
    assert "0912345678" in shown.text and "Trần Thị Hoa" in shown.text
    again = await officer.get("/console/conversations/x")
    assert "0912345678" not in again.text
    (line,) = await each_office.rows(
        text("SELECT actor, target, after FROM audit_line WHERE action = 'conversation_revealed'")
    )
    assert (line.actor, line.target) == ("mai", "conversation:x")
    assert json.loads(line.after) == {"reason": "công dân [phone] nhờ tìm hồ sơ"}
    editor = await each_office.staff("editor")
    refused = await each_office.post(editor, "/conversations/x/reveal", {"reason": "rất muốn biết"})
    assert refused.status_code == 403 and "0912345678" not in refused.text


async def test_revealing_what_is_gone_is_no_deed(office: Any) -> None:
    officer = await office.staff("officer")
    gone = await office.post(officer, "/conversations/none/reveal", {"reason": "một lý do tốt"})
    assert gone.status_code == 404
    assert await office.rows(text("SELECT 1 FROM audit_line")) == []


async def test_tags_flags_and_notes_are_put_on_shown_and_taken_off(each_office: Any) -> None:
    await each_office.talk({"text": "xin chào"}, id="x")
    client = await each_office.staff("reviewer", name="lan")

    async def send(path: str, **form: str) -> str:
        response = await each_office.post(client, f"/conversations/x/{path}", form)
        assert response.status_code == 303, response.text
        return str((await client.get(response.headers["location"])).text)

    assert "cần xem" in await send("tags", tag="Cần  XEM")
    assert "cần xem" in await send("tags", tag="cần xem")
    assert "✓ Trả lời sai" in await send("flags", kind="wrong", on="1")
    assert "&lt;b&gt;đậm" in await send("notes", text="<b>đậm\nhai dòng")
    assert "cần xem" not in await send("untag", tag="cần xem")
    assert "✓" not in await send("flags", kind="wrong", on="0")
    (note,) = await each_office.rows(text("SELECT id FROM conversation_note"))
    assert "đậm" not in await send(f"notes/{note.id}/remove")
    lines = await each_office.rows(text("SELECT action, before, after FROM audit_line ORDER BY sequence"))
    assert [line.action for line in lines] == [
        "conversation_tagged",
        "conversation_tagged",
        "conversation_flagged",
        "note_written",
        "conversation_untagged",
        "conversation_unflagged",
        "note_removed",
    ]
    assert "đậm" not in str(lines)


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("tags", {"tag": "   "}),
        ("notes", {"text": ""}),
        ("notes", {"text": "a" * 2001}),
        ("flags", {"kind": "nope", "on": "1"}),
    ],
)
async def test_a_mark_that_makes_no_sense_is_refused_with_the_reason(
    office: Any, path: str, form: dict[str, str]
) -> None:
    await office.talk({"text": "xin chào"}, id="x")
    client = await office.staff("reviewer")
    response = await office.post(client, f"/conversations/x/{path}", form)
    assert response.status_code == 422 and 'role="alert"' in response.text


async def test_another_persons_note_stays_and_a_note_is_reached_only_through_its_conversation(
    office: Any,
) -> None:
    await office.talk({"text": "xin chào"}, id="x")
    await office.talk({"text": "chào"}, id="y")
    lan, mai = await office.staff("reviewer"), await office.staff("reviewer")
    await office.post(lan, "/conversations/x/notes", {"text": "của Lan"})
    (note,) = await office.rows(text("SELECT id FROM conversation_note"))
    assert (await office.post(mai, f"/conversations/x/notes/{note.id}/remove")).status_code == 404
    assert (await office.post(lan, f"/conversations/y/notes/{note.id}/remove")).status_code == 404
    assert len(await office.rows(text("SELECT 1 FROM conversation_note"))) == 1


async def test_marks_cannot_be_put_on_what_is_gone(office: Any) -> None:
    client = await office.staff("reviewer")
    for path, form in (
        ("tags", {"tag": "a"}),
        ("flags", {"kind": "wrong", "on": "1"}),
        ("notes", {"text": "a"}),
    ):
        assert (await office.post(client, f"/conversations/none/{path}", form)).status_code == 404
