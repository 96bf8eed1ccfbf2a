"""Broadcasts: each citizen is told once, whoever wants none is not, and a stop is a stop."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text, update

from channels.broadcasting import notes, running
from channels.broadcasting.running import BroadcastOptions, Broadcasts
from tests.channels.scripted import Citizen, settled
from tests.console.conftest import Office
from troly.clock import VIETNAM, now
from troly.tables.conversations import Conversation

FORM = {"vi": "Sáng mai bộ phận một cửa nghỉ.", "en": "Closed tomorrow.", "days": "7", "channel": "web"}
QUICK = BroadcastOptions(at_once=2, any_hour=True, busy=timedelta(0))


def broadcasts(stack: Any, options: BroadcastOptions = QUICK) -> Broadcasts:
    return Broadcasts(stack.gateway.store, stack.gateway.desk, stack.gateway.settings, options)


async def told(visitor: Any) -> int:
    lines = (await visitor.transcript())["messages"]
    return sum(line["text"] in (FORM["vi"], FORM["en"]) for line in lines)


async def test_each_is_told_once_in_their_language_also_across_restarts(stack: Any, counter: Any) -> None:
    admin = await counter.staff("admin", name="an")
    visitors = [await stack.visitor() for _ in range(5)]
    for visitor in visitors:
        await visitor.ask("một")
    silent = await stack.visitor()  # has never written
    async with counter.store.write() as connection:
        await connection.execute(
            update(Conversation).where(Conversation.id == visitors[0].id).values(language="en")
        )
    preview = await counter.post(admin, "/controls/broadcasts/preview", FORM)
    assert "Sẽ gửi cho 5 cuộc trò chuyện" in preview.text
    assert await counter.rows(text("SELECT count(*) FROM broadcast")) == [(0,)]
    assert (await counter.post(admin, "/controls/broadcasts", FORM)).status_code == 303
    active = await counter.rows(text("SELECT id, active_at FROM conversation ORDER BY id"))
    assert await broadcasts(stack).step() == 2
    # Another process takes it up once the first is gone.
    await counter.rows(text("SELECT 1"))
    async with counter.store.write() as connection:
        await connection.execute(text("DELETE FROM lease"))
    again = broadcasts(stack)
    while await again.step():
        pass
    assert [await told(visitor) for visitor in visitors] == [1] * 5
    assert await told(silent) == 0
    said = [line for line in (await visitors[0].transcript())["messages"] if line["text"] == FORM["en"]]
    assert said[0]["buttons"][0]["payload"] == "/stop_broadcasts"
    assert await counter.rows(text("SELECT state, total FROM broadcast")) == [("done", 5)]
    assert await counter.rows(text("SELECT id, active_at FROM conversation ORDER BY id")) == active


async def test_two_processes_at_once_tell_nobody_twice(stack: Any, counter: Any) -> None:
    admin = await counter.staff("admin", name="an")
    visitors = [await stack.visitor() for _ in range(6)]
    for visitor in visitors:
        await visitor.ask("một")
    await counter.post(admin, "/controls/broadcasts", FORM)
    several = [broadcasts(stack) for _ in range(3)]
    for _ in range(6):
        await asyncio.gather(*(one.step() for one in several))
    assert [await told(visitor) for visitor in visitors] == [1] * 6


async def test_a_stop_is_a_stop_and_two_do_not_run_at_once(stack: Any, counter: Any) -> None:
    admin = await counter.staff("admin", name="an")
    visitors = [await stack.visitor() for _ in range(4)]
    for visitor in visitors:
        await visitor.ask("một")
    await counter.post(admin, "/controls/broadcasts", FORM)
    second = await counter.post(admin, "/controls/broadcasts", FORM)
    assert second.status_code == 409 and "đang gửi" in second.text
    working = broadcasts(stack)
    assert await working.step() == 2
    assert (await counter.post(admin, "/controls/broadcasts/1/stop")).status_code == 303
    assert await working.step() == 0
    assert sum([await told(visitor) for visitor in visitors]) == 2
    assert (await counter.post(admin, "/controls/broadcasts/1/stop")).status_code == 409
    actions = [row[0] for row in await counter.rows(text("SELECT action FROM audit_line ORDER BY sequence"))]
    assert actions == ["broadcast_begun", "broadcast_stopped"]


async def test_who_wants_none_gets_none_and_says_so_with_one_button(
    stack: Any, counter: Any, rasa: Any
) -> None:
    admin = await counter.staff("admin", name="an")
    visitor, other = await stack.visitor(), await stack.visitor()
    for one in (visitor, other):
        await one.ask("một")
    await counter.post(admin, "/controls/broadcasts", FORM)
    reply = (await visitor.send(payload="/stop_broadcasts", wait=True)).json()["replies"][0]
    assert "không gửi thông báo chung" in reply["text"]
    working = broadcasts(stack)
    while await working.step():
        pass
    assert (await told(visitor), await told(other)) == (0, 1)
    assert await counter.rows(text("SELECT state FROM broadcast")) == [("done",)]
    assert rasa.messages() == ["một", "một"]
    preview = await counter.post(admin, "/controls/broadcasts/preview", FORM)
    assert "Sẽ gửi cho 1 cuộc" in preview.text


async def test_a_chat_is_told_on_its_platform_but_not_a_closed_one_nor_at_night(
    start: Any, rasa: Any, push: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start(rasa_url=rasa.url) as stack:
        counter = Office(stack.gateway.settings, stack.gateway.store, stack.app)
        await stack.gateway.broadcasts.stop()
        near, gone = Citizen(stack, "near"), Citizen(stack, "gone")
        for citizen in (near, gone):
            await citizen.write("một")
            await citizen.until(1)
        async with counter.store.write() as connection:
            await connection.execute(
                text("UPDATE address SET closed_at = :at WHERE conversation_id = :id"),
                {"at": now().isoformat(" "), "id": gone.id},
            )
            await notes.begin(
                connection, stack.gateway.settings, vi=FORM["vi"], en="x", channels=["push"], days=7, by="an"
            )
        night = datetime(2026, 11, 22, 23, 0, tzinfo=VIETNAM)
        monkeypatch.setattr(running, "is_night", lambda _moment: True)
        asleep = broadcasts(stack, BroadcastOptions(busy=timedelta(0)))
        assert await asleep.step() == 0
        monkeypatch.undo()
        assert running.is_night(night) and not running.is_night(night.replace(hour=12))
        async with counter.store.write() as connection:
            await connection.execute(text("DELETE FROM lease"))
        assert await broadcasts(stack).step() == 1
        await settled(stack.gateway)
        assert near.answers() == ["echo: một", FORM["vi"]] and gone.answers() == ["echo: một"]


@pytest.mark.parametrize(
    "wrong", [{"channel": "fax"}, {"days": "0"}, {"days": "91"}, {"days": "bảy"}, {"en": ""}]
)
async def test_what_cannot_be_sent_is_refused_and_not_lost(office: Any, wrong: dict[str, str]) -> None:
    admin = await office.staff("admin", name="an")
    for path in ("/controls/broadcasts/preview", "/controls/broadcasts"):
        refused = await office.post(admin, path, FORM | wrong)
        assert refused.status_code == 422, path
        assert FORM["vi"] in refused.text
    assert await office.rows(text("SELECT count(*) FROM broadcast")) == [(0,)]


async def test_a_broadcast_is_prepared_on_each_database(each_office: Any) -> None:
    for number in range(3):
        await each_office.talk({"text": "xin chào"}, id=f"{number:032x}")
    admin = await each_office.staff("admin", name="an")
    await each_office.post(admin, "/controls/broadcasts", FORM)
    assert await each_office.rows(text("SELECT total FROM broadcast")) == [(3,)]
    page = (await admin.get("/console/controls/broadcasts")).text
    assert "0 / 3" in page
