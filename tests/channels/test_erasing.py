"""Erasing by button, in the worker: everything goes, on every kind of channel, and Rasa is not asked."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from channels import own_payloads
from tests.channels.scripted import Citizen, settled
from troly.clock import now
from troly.tables.handover import Handover
from troly.tables.notices import Notice, Subscription
from troly.tables.reports import Report
from troly.tables.tracker import TrackerEvent, TrackerSnapshot

SAID = "đất nhà bà Nguyễn Thị Bí Mật bị lấn"
PHONE = "0912345678"
NAME = "Nguyễn Văn Bí Mật"
CHAT = "chat-4711"


def everything(folder: Path) -> str:
    """All that is stored, as text: the database's dump and the names and contents of files.

    To be called in a thread: a worker of this loop may hold SQLite's lock.
    """
    with sqlite3.connect(folder / "test.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("VACUUM")
        dump = "\n".join(connection.iterdump())
    raw = (folder / "test.db").read_bytes().decode("utf-8", "replace")
    media = [file for file in (folder / "media").glob("*") if file.is_file()]
    files = "\n".join(f"{file.name} {file.read_bytes()!r}" for file in media)
    return f"{dump}\n{raw}\n{files}"


async def live(stack: Any, identity: str) -> None:
    """All that services keep of a conversation."""
    keyring, moment = stack.gateway.keyring, now()
    async with stack.gateway.store.write() as connection:
        for statement in (
            insert(Handover).values(
                conversation_id=identity, state="message", reason="", asked_at=moment,
                message=keyring.encrypt(SAID), contact=keyring.encrypt(PHONE),
            ),
            insert(Report).values(
                id="r1", receipt="TL-1", conversation_id=identity, kind="report", category="roads",
                content=SAID, address="số 12 ngõ Bí Mật", photos=[], contact=keyring.encrypt(PHONE),
                latitude=20.9571, longitude=107.0482, created_at=moment, state="waiting", due_at=moment,
            ),
            insert(Subscription).values(
                id="s1", conversation_id=identity, code="H49.33-250421-0001", created_at=moment
            ),
            insert(Notice).values(
                id="n1", subscription_id="s1", change_id="v2", kind="changed", state={}, created_at=moment
            ),
            insert(TrackerEvent).values(
                sender_id=identity, type="user", timestamp=1.0, data={"text": SAID}
            ),
            insert(TrackerSnapshot).values(
                sender_id=identity, slots={"place": SAID}, last_event_id=1, turns=1
            ),
        ):  # fmt: skip
            await connection.execute(statement)


async def test_nothing_of_a_citizen_of_the_website_is_left(stack: Any, rasa: Any, tmp_path: Path) -> None:
    visitor = await stack.visitor()
    await visitor.ask(f"{SAID}, gọi {PHONE}")
    await stack.gateway.media.keep(b"OggS secret voice", "audio/ogg", conversation_id=visitor.id)
    await live(stack, visitor.id)
    rating = {"value": 5, "comment": SAID}
    assert (await stack.http.post("/api/v1/rating", json=rating, headers=visitor.headers)).status_code == 204
    before = await asyncio.to_thread(everything, tmp_path)
    assert all(secret in before for secret in (SAID, PHONE, visitor.id, "secret voice", "107.0482"))
    async with visitor.events() as events:
        assert (await visitor.send(payload=own_payloads.ERASE)).status_code == 202
        async for event in events:
            if event["data"].get("kind") == "erased":
                break
    await settled(stack.gateway)
    left = await asyncio.to_thread(everything, tmp_path)
    for secret in (SAID, "Bí Mật", PHONE, visitor.id, "secret voice", "107.0482", "H49.33-250421-0001"):
        assert secret not in left, secret
    assert rasa.messages() == [f"{SAID}, gọi {PHONE}"]
    assert (await visitor.send("còn nhớ tôi không")).status_code == 401


async def test_nothing_of_a_citizen_of_a_platform_is_left_and_they_are_told_once(
    push: None, start: Any, rasa: Any, tmp_path: Path
) -> None:
    async with start(rasa_url=rasa.url) as stack:
        citizen = Citizen(stack, CHAT)
        citizen.channel.content = b"OggS secret voice"
        button = [{"title": "Xóa hết", "payload": own_payloads.ERASE}]
        rasa.behave = lambda *_: [{"text": "chắc chứ?", "buttons": button}]
        await citizen.write(f"{SAID}, gọi {PHONE}", display_name=NAME)
        await citizen.write(None, media={"kind": "voice"})
        await citizen.until(2)
        await live(stack, citizen.id)
        await citizen.write("xóa")
        await citizen.until(3)
        before = await asyncio.to_thread(everything, tmp_path)
        assert all(secret in before for secret in (SAID, PHONE, citizen.id, "secret voice"))
        await citizen.write("1")  # the platform has no buttons: a number picks one
        await citizen.until(4)
        await settled(stack.gateway)
        left = await asyncio.to_thread(everything, tmp_path)
        assert "đã xóa toàn bộ" in citizen.saw()[-1]
    for secret in (SAID, "Bí Mật", PHONE, CHAT, citizen.id, "secret voice", "107.0482"):
        assert secret not in left, secret
    assert len(rasa.messages()) == 2


async def test_figures_without_a_name_stay(stack: Any, tmp_path: Path) -> None:
    visitor = await stack.visitor()
    await visitor.ask("một")
    await visitor.ask("hai")
    await visitor.send(payload=own_payloads.ERASE)
    await settled(stack.gateway)
    with sqlite3.connect(tmp_path / "test.db") as connection:
        counts = connection.execute("SELECT channel, kind, name, detail, number FROM daily_count").fetchall()
    assert set(counts) == {
        ("web", "conversation", "", "", 1),
        ("web", "turn", "ask_fee", "answered", 2),
        ("web", "procedure", "1.001193", "fee", 2),
        ("web", "person", "", "", 1),
        ("web", "took", "1", "", 2),
        ("web", "erased", "citizen", "", 1),
    }


async def test_erasing_works_while_staff_hold_the_conversation(stack: Any, rasa: Any, tmp_path: Path) -> None:
    visitor = await stack.visitor()
    rasa.behave = lambda *_: [
        {"text": "đã báo"},
        {"custom": {"language": "vi", "answer": {"status": "handed_over"}}},
    ]
    await visitor.ask("gặp người")
    (one,) = await stack.gateway.desk.asked()
    await stack.gateway.desk.claim(one.id, "lan")
    await visitor.send(payload=own_payloads.ERASE)
    async with asyncio.timeout(5):
        while await stack.gateway.desk.asked():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert await stack.gateway.desk.reply(one.id, "lan", "còn đó không") is None
    assert visitor.id not in await asyncio.to_thread(everything, tmp_path)


@pytest.mark.parametrize(
    ("payload", "wish"),
    [
        ('/erase_my_data{"confirmed": true}', "erase"),
        ('/erase_my_data{"confirmed":true}', "erase"),
        ('/erase_my_data{"confirmed": 1}', None),
        ('/erase_my_data{"confirmed": "true"}', None),
        ("/erase_my_data", None),
        ("/send_my_transcript", "transcript"),
        ("/erase_my_data_now", None),
        (None, None),
    ],
)
def test_only_a_confirmed_wish_erases(payload: str | None, wish: str | None) -> None:
    assert own_payloads.wish_of(payload) == wish


async def test_the_same_words_as_text_erase_nothing(stack: Any, rasa: Any) -> None:
    visitor = await stack.visitor()
    assert await visitor.ask(own_payloads.ERASE) == f"echo: {own_payloads.ERASE[1:]}"
    assert json.dumps(rasa.messages())


async def test_the_words_of_the_button_erase_right_after_it_was_shown(
    stack: Any, rasa: Any, tmp_path: Path
) -> None:
    visitor = await stack.visitor()
    assert await visitor.ask("xóa hết") == "echo: xóa hết"
    rasa.behave = lambda *_: [
        {"text": "chắc chắn chứ?", "buttons": [{"title": "Xóa hết", "payload": own_payloads.ERASE}]},
        {"custom": {"language": "vi", "answer": {"status": "clarify"}}},
    ]
    await visitor.ask("xóa dữ liệu")
    await visitor.send("xoa het!")
    async with asyncio.timeout(5):
        while visitor.id in await asyncio.to_thread(everything, tmp_path):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_the_transcript_comes_as_messages_within_the_limits(stack: Any, rasa: Any) -> None:
    visitor = await stack.visitor()
    for number in range(40):
        await visitor.ask(f"câu {number} " + "dài " * 100)
    replies = (await visitor.send(payload="/send_my_transcript", wait=True)).json()["replies"]
    assert len(replies) <= 6 and all(len(reply["text"]) <= 2000 for reply in replies)
    text = "\n".join(reply["text"] for reply in replies)
    assert "50 dòng gần nhất trong 82 dòng" in text and "câu 39" in text and "câu 14 " not in text
    assert [reply["answer"] and reply["answer"]["status"] for reply in replies][-1] == "answered"
    again = (await visitor.send(payload="/send_my_transcript", wait=True)).json()["replies"]
    assert "trong 83 dòng" in again[0]["text"]  # what was sent of the transcript is no part of it
    assert len(rasa.messages()) == 40
