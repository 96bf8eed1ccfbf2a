"""From the assistant to an official and back: nobody is answered twice, and nobody by nobody."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from channels import handover
from tests.channels.scripted import Citizen, settled
from troly.clock import now
from troly.tables.handover import Handover

ASK = "cho gặp người"


def rows(tmp_path: Path, query: str) -> list[Any]:
    with sqlite3.connect(tmp_path / "test.db") as connection:
        return connection.execute(query).fetchall()


def answering(status: str, text: str = "…", **record: Any) -> list[dict[str, Any]]:
    """What Rasa answers, with this record."""
    answer = {"status": status, "intent": "talk_to_human", "language": "vi", "sources": []} | record
    return [{"text": text}, {"custom": {"language": "vi", "links": [], "answer": answer}}]


@pytest.fixture(autouse=True)
def speaking(rasa: Any) -> None:
    """Rasa asks for an official when it is asked to, and echoes otherwise."""
    said: dict[str, Callable[[], list[dict[str, Any]]]] = {
        ASK: lambda: answering("handed_over", "đã báo"),
        "/cancel_handover": lambda: answering("smalltalk", "thôi", handover={"wish": "cancel"}),
        "/tell_handover_expired": lambda: answering("answered", "không ai đến"),
    }
    rasa.behave = lambda _sender, message, _seen: said[message]() if message in said else None


async def waiting(stack: Any) -> int:
    (one,) = await stack.gateway.desk.asked(("waiting",))
    return int(one.id)


async def test_the_answer_that_hands_over_asks_an_official(stack: Any, tmp_path: Path) -> None:
    visitor = await stack.visitor()
    assert await visitor.ask(ASK) == "đã báo"
    assert await visitor.ask(ASK) == "đã báo"  # asked again: still one
    (one,) = await stack.gateway.desk.asked()
    assert (one.conversation_id, one.state, one.reason) == (visitor.id, "waiting", "talk_to_human")
    assert rows(tmp_path, "SELECT handover FROM conversation") == [("waiting",)]


async def test_while_waiting_the_assistant_answers_and_says_once_that_an_official_was_asked(
    stack: Any,
) -> None:
    visitor = await stack.visitor()
    await visitor.ask(ASK)
    async with visitor.events("2") as events:
        assert await visitor.ask("một") == "echo: một"
        assert await visitor.ask("hai") == "echo: hai"
        told: list[str] = []
        while len(told) < 3:
            event = await anext(events)
            told += [event["data"]["text"]] if event["event"] in ("notice", "reply") else []
    assert told == ["echo: một", "Tôi đã báo cán bộ. Trong lúc Anh/Chị chờ, tôi vẫn trả lời.", "echo: hai"]


async def test_from_the_claim_on_messages_are_for_staff_and_staff_answer(
    stack: Any, rasa: Any, tmp_path: Path
) -> None:
    visitor, desk = await stack.visitor(), stack.gateway.desk
    await visitor.ask(ASK)
    number = await waiting(stack)
    assert await desk.claim(number, "lan")
    assert (await visitor.send("chào cô")).status_code == 202
    await settled(stack.gateway)
    assert rows(tmp_path, "SELECT text, state, finished_at FROM inbox WHERE state = 'held'") == [
        ("chào cô", "held", None)
    ]
    assert await desk.reply(number, "lan", "Chào anh, tôi là cán bộ.")
    lines = (await visitor.transcript())["messages"]
    assert [(line["from"], line["text"]) for line in lines[-3:]] == [
        ("staff", "Cán bộ đã vào cuộc trò chuyện. Từ đây Anh/Chị nhắn trực tiếp với cán bộ, tôi tạm dừng."),
        ("citizen", "chào cô"),
        ("staff", "Chào anh, tôi là cán bộ."),
    ]
    assert rasa.messages() == [ASK]
    assert rows(tmp_path, "SELECT count(*) FROM inbox WHERE state = 'held' AND finished_at IS NULL") == [(0,)]


async def test_the_page_hears_when_staff_join_and_leave(stack: Any) -> None:
    visitor, desk = await stack.visitor(), stack.gateway.desk
    await visitor.ask(ASK)
    assert (await visitor.transcript())["answers"] == "waiting"
    number = await waiting(stack)
    async with visitor.events("2") as events:
        await desk.claim(number, "lan")
        joined = await anext(events)
        assert (await visitor.transcript())["answers"] == "staff"
        await desk.hand_back(number, "lan")
        returned = await anext(events)
    assert joined["data"]["kind"] == "staff_joined" and "Cán bộ đã vào" in joined["data"]["text"]
    assert returned["data"]["buttons"][0]["title"] == "Đánh giá"
    assert returned["data"]["kind"] == "handed_back" and "tiếp tục trả lời" in returned["data"]["text"]
    assert (await visitor.transcript())["answers"] == "bot"
    assert await visitor.ask("lại đây") == "echo: lại đây"


async def test_only_one_official_gets_a_conversation_and_only_they_may_act(stack: Any) -> None:
    visitor, desk = await stack.visitor(), stack.gateway.desk
    await visitor.ask(ASK)
    number = await waiting(stack)
    claims = await asyncio.gather(*(desk.claim(number, f"officer{one}") for one in range(8)))
    (winner,) = [one for one, changed in enumerate(claims) if changed]
    for other in {0, 1, 2} - {winner}:
        assert await desk.reply(number, f"officer{other}", "tôi nói") is None
        assert await desk.hand_back(number, f"officer{other}") is None
        assert await desk.transfer(number, f"officer{other}", to="bạn") is None
    assert await desk.reply(number, f"officer{winner}", "tôi đây")
    told = [line["text"] for line in (await visitor.transcript())["messages"] if line["from"] == "staff"]
    assert told[1:] == ["tôi đây"]


async def test_an_answer_that_comes_after_the_claim_is_never_said(stack: Any, rasa: Any) -> None:
    visitor, desk = await stack.visitor(), stack.gateway.desk
    await visitor.ask(ASK)
    number = await waiting(stack)
    gate = asyncio.Event()

    async def behave(_sender: str, _message: str, _seen: int) -> None:
        await gate.wait()

    rasa.behave = behave
    await visitor.send("bao nhiêu tiền")
    await rasa.until(2)
    await desk.claim(number, "lan")
    gate.set()
    await settled(stack.gateway)
    lines = (await visitor.transcript())["messages"]
    assert not [line for line in lines if line["text"] == "echo: bao nhiêu tiền"]
    assert [line["state"] for line in lines if line["text"] == "bao nhiêu tiền"] == ["held"]


async def test_a_claim_against_200_arriving_messages_leaves_each_to_one_side(
    stack: Any, rasa: Any, tmp_path: Path
) -> None:
    """Ten conversations, twenty messages each, claimed in the midst of them."""
    desk = stack.gateway.desk
    visitors = [await stack.visitor() for _ in range(10)]
    for visitor in visitors:
        await visitor.ask(ASK)
    numbers = {one.conversation_id: one.id for one in await desk.asked(("waiting",))}

    async def write(visitor: Any) -> None:
        for message in range(20):
            assert (await visitor.send(f"tin {message}")).status_code == 202
            await asyncio.sleep(0.01)

    async def take(visitor: Any, after: int) -> None:
        while len(rasa.messages(visitor.id)) < after:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        assert await desk.claim(numbers[visitor.id], "lan")

    await asyncio.gather(
        *(write(visitor) for visitor in visitors),
        *(take(visitor, 2 + place) for place, visitor in enumerate(visitors)),
    )
    await settled(stack.gateway, 30)
    states = dict(rows(tmp_path, "SELECT state, count(*) FROM inbox WHERE text LIKE 'tin %' GROUP BY state"))
    assert sum(states.values()) == 200 and set(states) == {"done", "held"}, states
    both = rows(
        tmp_path,
        "SELECT count(*) FROM inbox JOIN outbox ON outbox.inbox_id = inbox.id AND outbox.kind = 'reply' "
        "WHERE inbox.state = 'held'",
    )
    unanswered = rows(
        tmp_path,
        "SELECT count(*) FROM inbox WHERE state = 'done' AND NOT EXISTS "
        "(SELECT 1 FROM outbox WHERE outbox.inbox_id = inbox.id)",
    )
    assert (both, unanswered) == ([(0,)], [(0,)])
    late = rows(
        tmp_path,
        "SELECT count(*) FROM outbox JOIN outbox AS came ON came.conversation_id = outbox.conversation_id "
        "AND came.kind = 'joined' WHERE outbox.number > came.number",
    )
    assert late == [(0,)]  # nothing is said after the official joined


async def test_what_was_written_after_the_official_looked_away_is_answered_by_the_assistant(
    stack: Any, rasa: Any, tmp_path: Path
) -> None:
    visitor, desk = await stack.visitor(), stack.gateway.desk
    await visitor.ask(ASK)
    number = await waiting(stack)
    await desk.claim(number, "lan")
    await visitor.send("cảm ơn cô")
    await visitor.send("còn lệ phí?")
    await settled(stack.gateway)
    (seen,) = rows(tmp_path, "SELECT number FROM inbox WHERE text = 'cảm ơn cô'")[0]
    assert await desk.hand_back(number, "lan", seen=seen)
    await settled(stack.gateway)
    assert rasa.messages() == [ASK, "còn lệ phí?"]


async def test_a_transfer_to_a_colleague_keeps_the_assistant_silent(stack: Any, rasa: Any) -> None:
    visitor, desk = await stack.visitor(), stack.gateway.desk
    await visitor.ask(ASK)
    number = await waiting(stack)
    await desk.claim(number, "lan")
    assert await desk.transfer(number, "lan", to="minh")
    await visitor.send("alo")
    await settled(stack.gateway)
    assert rasa.messages() == [ASK]
    assert await desk.reply(number, "lan", "tôi vẫn đây") is None
    assert await desk.reply(number, "minh", "tôi đây")


async def test_a_transfer_to_a_unit_waits_there_again(stack: Any, rasa: Any) -> None:
    visitor, desk = await stack.visitor(), stack.gateway.desk
    await visitor.ask(ASK)
    number = await waiting(stack)
    await desk.claim(number, "lan")
    assert await desk.transfer(number, "lan", unit="Đất đai")
    (one,) = await desk.asked()
    assert (one.state, one.unit, one.claimed_by) == ("waiting", "Đất đai", None)
    assert await desk.claim(number, "minh")


async def test_the_citizen_may_stop_waiting(stack: Any, tmp_path: Path) -> None:
    visitor = await stack.visitor()
    await visitor.ask(ASK)
    reply = (await visitor.send(payload="/cancel_handover", wait=True)).json()["replies"][0]
    assert reply["text"] == "thôi" and "handover" not in reply["answer"]
    assert rows(tmp_path, "SELECT state FROM handover") == [("cancelled",)]
    assert await stack.gateway.desk.asked() == []
    await visitor.ask(ASK)  # and ask anew later
    assert await waiting(stack)


async def test_who_is_not_taken_in_time_is_told_on_their_channel(
    push: None, start: Any, rasa: Any, tmp_path: Path
) -> None:
    async with start(rasa_url=rasa.url, handover_minutes=15) as stack:
        citizen = Citizen(stack)
        await citizen.write(ASK)
        await citizen.until(1)
        assert await stack.gateway.desk.look() == 0
        async with stack.gateway.store.write() as connection:
            await connection.execute(update(Handover).values(asked_at=now() - timedelta(minutes=16)))
        assert await stack.gateway.desk.look() == 1
        assert await citizen.until(2) == ["đã báo", "không ai đến"]
        assert rows(tmp_path, "SELECT state FROM handover") == [("expired",)]
        assert await stack.gateway.desk.look() == 0


async def test_staff_answer_on_a_channel_that_must_be_called(push: None, start: Any, rasa: Any) -> None:
    async with start(rasa_url=rasa.url) as stack:
        citizen, desk = Citizen(stack), stack.gateway.desk
        await citizen.write(ASK)
        await citizen.until(1)
        number = await waiting(stack)
        await desk.claim(number, "lan")
        await desk.reply(number, "lan", "Chào bác.")
        await desk.hand_back(number, "lan")
        _, joined, said, left = await citizen.until(4)
    assert joined.startswith("Cán bộ đã vào") and left.startswith("Cán bộ đã rời")
    assert said == "Cán bộ: Chào bác."


async def test_a_recording_for_staff_is_kept(push: None, start: Any, rasa: Any, tmp_path: Path) -> None:
    async with start(rasa_url=rasa.url) as stack:
        citizen = Citizen(stack)
        citizen.channel.content = b"OggS a recording"
        await citizen.write(ASK)
        await citizen.until(1)
        await stack.gateway.desk.claim(await waiting(stack), "lan")
        await citizen.write(None, media={"kind": "voice"})
        await settled(stack.gateway)
        ((state, media),) = rows(tmp_path, "SELECT state, media FROM inbox WHERE media IS NOT NULL")
    assert state == "held" and "stored" in json.loads(media)


async def test_an_official_who_does_nothing_for_an_hour_gives_the_conversation_back(stack: Any) -> None:
    visitor, desk = await stack.visitor(), stack.gateway.desk
    await visitor.ask(ASK)
    await desk.claim(await waiting(stack), "lan")
    assert await desk.look() == 0
    async with stack.gateway.store.write() as connection:
        await connection.execute(update(Handover).values(active_at=now() - timedelta(minutes=61)))
    assert await desk.look() == 1
    assert await visitor.ask("còn ai không") == "echo: còn ai không"


async def test_a_message_with_a_number_is_kept_encrypted_for_staff(
    stack: Any, rasa: Any, tmp_path: Path
) -> None:
    visitor, desk = await stack.visitor(), stack.gateway.desk
    ids: list[str] = []

    def behave(_sender: str, message: str, _seen: int) -> list[dict[str, Any]] | None:
        if not message.startswith("0912"):
            secret = {"custom": {"language": "vi", "secret": True, "answer": {"status": "form"}}}
            return [{"text": "số?"}, secret]
        wish = {"wish": "message", "about": ids[0], "phone": rasa.metadata[-1]["message_id"]}
        return answering("handed_over", "đã chuyển", handover=wish)

    rasa.behave = behave
    ids.append((await visitor.send("đất nhà tôi bị lấn")).json()["message_id"])
    await visitor.answers(1)
    assert await visitor.ask("0912 345 678") == "đã chuyển"
    (left,) = await desk.messages()
    assert (left.message, left.contact) == ("đất nhà tôi bị lấn", "0912 345 678")
    assert (await desk.asked(("message",)))[0].contact is None
    dump = json.dumps(
        rows(tmp_path, "SELECT text, media FROM inbox UNION ALL SELECT content, '' FROM outbox")
    )
    assert "0912" not in dump
    ((message, contact),) = rows(tmp_path, "SELECT message, contact FROM handover")
    assert "đất" not in message and "0912" not in contact
    assert await desk.settle(left.id, "lan") and await desk.messages() == []
    assert rows(tmp_path, "SELECT state, message, contact FROM handover") == [("closed", None, None)]


async def test_a_message_of_another_conversation_is_not_taken(stack: Any, rasa: Any) -> None:
    one, two = await stack.visitor(), await stack.visitor()
    foreign = (await one.send("bí mật")).json()["message_id"]
    await one.answers(1)
    rasa.behave = lambda *_: answering("handed_over", handover={"wish": "message", "about": foreign})
    await two.ask("lấy giùm")
    assert await stack.gateway.desk.messages() == []


async def test_a_claim_of_a_settled_handover_does_nothing_to_a_later_one(stack: Any) -> None:
    visitor, store = await stack.visitor(), stack.gateway.store
    await visitor.ask(ASK)
    first = await waiting(stack)
    await visitor.send(payload="/cancel_handover", wait=True)
    await visitor.ask(ASK)
    assert await handover.claim(store, first, "lan") is None
    assert await waiting(stack) != first


async def test_a_conversation_has_one_open_handover(stack: Any) -> None:
    visitor = await stack.visitor()
    await visitor.ask(ASK)
    with pytest.raises(Exception, match="UNIQUE"):
        async with stack.gateway.store.write() as connection:
            await connection.execute(
                insert(Handover).values(conversation_id=visitor.id, state="held", reason="", asked_at=now())
            )


async def test_the_end_offers_to_rate_the_service_once_a_day(stack: Any, tmp_path: Path) -> None:
    visitor = await stack.visitor()
    for _ in range(2):
        await visitor.ask(ASK)
        number = await waiting(stack)
        await stack.gateway.desk.claim(number, "lan")
        await stack.gateway.desk.hand_back(number, "lan")
    ended = [
        json.loads(content)
        for (content,) in rows(tmp_path, "SELECT content FROM outbox WHERE kind = 'returned'")
    ]
    assert [[button["payload"] for button in one["buttons"]] for one in ended] == [
        ['/rate_service{"service": "person"}'],
        [],
    ]
