"""The assistant off and on, over a gateway with real delivery: nobody is answered, nothing is lost."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text, update

from channels import controls
from tests.channels.scripted import Citizen, settled
from tests.console.conftest import Office
from troly.clock import now
from troly.tables.handover import Handover

WORDS = {"vi": "Trợ lý tạm dừng.", "en": "The assistant is off."}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read holds for a moment only."""
    monkeypatch.setattr(controls, "FRESH", 0.05)


async def switch(counter: Any, admin: Any, path: str, **form: str) -> None:
    done = await counter.post(admin, f"/controls/{path}", form)
    assert done.status_code == 303, done.text
    await asyncio.sleep(0.06)


async def test_off_citizens_are_told_once_an_hour_and_rasa_is_not_asked(
    stack: Any, counter: Any, rasa: Any
) -> None:
    admin, visitor = await counter.staff("admin", name="an"), await stack.visitor()
    assert await visitor.ask("lệ phí?") == "echo: lệ phí?"
    await switch(counter, admin, "off", scope="*", **WORDS)
    reply = (await visitor.send("giấy tờ?", wait=True)).json()["replies"][0]
    assert reply["text"] == WORDS["vi"]
    assert [button["payload"] for button in reply["buttons"]] == ["/talk_to_human"]
    silent = await asyncio.wait_for(visitor.send("alo?", wait=True), 3)
    assert silent.status_code == 202
    await settled(stack.gateway)
    assert rasa.messages() == ["lệ phí?"]
    kept = await counter.rows(text("SELECT text, state FROM inbox ORDER BY number"))
    assert [tuple(row) for row in kept[-2:]] == [("giấy tờ?", "done"), ("alo?", "done")]
    async with counter.store.write() as connection:
        await connection.execute(
            text("UPDATE control_told SET at = :at"), {"at": (now() - timedelta(minutes=61)).isoformat(" ")}
        )
    assert await visitor.ask("còn đó không?") == WORDS["vi"]
    await switch(counter, admin, "on", scope="*")
    assert await visitor.ask("giấy tờ?") == "echo: giấy tờ?"
    done = await counter.rows(text("SELECT action, actor FROM audit_line ORDER BY sequence"))
    assert [tuple(row) for row in done] == [("assistant_off", "an"), ("assistant_on", "an")]


async def test_a_new_visitor_is_told_instead_of_greeted(stack: Any, counter: Any, rasa: Any) -> None:
    admin = await counter.staff("admin", name="an")
    await switch(counter, admin, "off", scope="web", **WORDS)
    asked = len(rasa.seen)
    visitor = await stack.visitor(language="en")
    assert [reply["text"] for reply in visitor.greeting] == [WORDS["en"]]
    assert len(rasa.seen) == asked


async def test_who_asks_for_a_person_gets_into_the_queue_and_is_answered_by_one(
    stack: Any, counter: Any, rasa: Any
) -> None:
    admin = await counter.staff("admin", name="an")
    await switch(counter, admin, "off", scope="*", **WORDS)
    by_words, by_button = await stack.visitor(), await stack.visitor()
    assert "Tôi đã báo cán bộ" in await by_words.ask("cho tôi gặp cán bộ")
    reply = (await by_button.send(payload="/talk_to_human", wait=True)).json()["replies"][0]
    assert "Tôi đã báo cán bộ" in reply["text"]
    asked = await stack.gateway.desk.asked()
    assert {one.conversation_id for one in asked} == {by_words.id, by_button.id}
    number = next(one.id for one in asked if one.conversation_id == by_words.id)
    await by_words.send("sổ đỏ của tôi đâu?")
    await settled(stack.gateway)
    await counter.post(admin, f"/handover/{number}/claim")
    assert "sổ đỏ của tôi đâu?" in (await admin.get(f"/console/handover/{number}")).text
    await counter.post(admin, f"/handover/{number}/reply", {"text": "Tôi kiểm tra ngay."})
    assert (await by_words.transcript())["messages"][-1]["text"] == "Tôi kiểm tra ngay."
    assert rasa.messages() == []


async def test_when_nobody_comes_what_was_written_is_left_as_a_message(stack: Any, counter: Any) -> None:
    admin = await counter.staff("admin", name="an")
    await switch(counter, admin, "off", scope="*", **WORDS)
    visitor = await stack.visitor()
    await visitor.ask("cho tôi gặp cán bộ")
    await visitor.send("gọi tôi về sổ đỏ")
    await settled(stack.gateway)
    async with stack.gateway.store.write() as connection:
        await connection.execute(update(Handover).values(asked_at=now() - timedelta(hours=1)))
    await stack.gateway.desk.look()
    await settled(stack.gateway)
    assert "chưa có cán bộ nào trực" in (await visitor.transcript())["messages"][-1]["text"]
    assert "gọi tôi về sổ đỏ" in (await admin.get("/console/handover/messages")).text


async def test_one_channel_is_off_and_the_others_answer(start: Any, rasa: Any, push: None) -> None:
    async with start(rasa_url=rasa.url) as stack:
        counter = Office(stack.gateway.settings, stack.gateway.store, stack.app)
        admin = await counter.staff("admin", name="an")
        await switch(counter, admin, "off", scope="web", **WORDS)
        citizen, visitor = Citizen(stack), await stack.visitor()
        await citizen.write("một")
        assert await citizen.until(1) == ["echo: một"]
        assert await visitor.ask("hai") == WORDS["vi"]
        await admin.aclose()


async def test_every_gateway_process_is_switched(start: Any, rasa: Any) -> None:
    """Two gateways on one database: what is switched on one holds on the other within two seconds."""
    async with start(rasa_url=rasa.url) as first, start(rasa_url=rasa.url) as second:
        counter = Office(first.gateway.settings, first.gateway.store, first.app)
        admin = await counter.staff("admin", name="an")
        visitor = await second.visitor()
        assert await visitor.ask("một") == "echo: một"
        await switch(counter, admin, "off", scope="*", **WORDS)
        assert await visitor.ask("hai") == WORDS["vi"]
        await admin.aclose()


async def test_erasing_works_while_off(stack: Any, counter: Any) -> None:
    admin, visitor = await counter.staff("admin", name="an"), await stack.visitor()
    await switch(counter, admin, "off", scope="*", **WORDS)
    await visitor.send(payload='/erase_my_data{"confirmed": true}')
    await settled(stack.gateway)
    assert await counter.rows(text("SELECT count(*) FROM conversation")) == [(0,)]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"scope": "*", "vi": "tắt", "en": " "}, "cả tiếng Việt và tiếng Anh"),
        ({"scope": "fax", **WORDS}, "chọn kênh"),
        ({"scope": "*", "vi": "x" * 601, "en": "x"}, "tối đa 600"),
    ],
)
async def test_what_cannot_be_said_is_refused(office: Any, form: dict[str, str], said: str) -> None:
    admin = await office.staff("admin", name="an")
    refused = await office.post(admin, "/controls/off", form)
    assert refused.status_code == 422 and said in refused.text
    assert await office.rows(text("SELECT count(*) FROM control")) == [(0,)]


async def test_only_administrators_switch(office: Any) -> None:
    for role in ("officer", "editor", "reviewer", "analyst"):
        client = await office.staff(role)
        assert (await client.get("/console/controls")).status_code == 403
        assert (await office.post(client, "/controls/off", {"scope": "*", **WORDS})).status_code == 403


@pytest.mark.parametrize(
    ("said", "wants"),
    [
        ("cho tôi gặp cán bộ", True),
        ("muon noi chuyen voi nguoi that", True),
        ("Can I talk to a real person?", True),
        ("cán bộ công chức cần giấy tờ gì", False),
        ("làm căn cước ở đâu", False),
    ],
)
def test_wishes_for_a_person_in_plain_words(said: str, wants: bool) -> None:
    assert controls.wants_a_person(None, said) is wants
