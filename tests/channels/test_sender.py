"""Replies to platforms: in order, nothing lost, repeated only where nobody can know."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from channels import sending
from channels.errors import ChatClosed, SendLater, SendRefused, SendUnknown
from console.undelivered import query
from tests.channels.scripted import Citizen, ScriptedChannel, settled


def rows(tmp_path: Path, query: str) -> list[Any]:
    with sqlite3.connect(tmp_path / "test.db") as connection:
        return connection.execute(query).fetchall()


def failing(error: Exception, times: int, *, only: str = "echo") -> Any:
    """Raises the error for the first so many tries of a text."""

    def behave(_chat: str, text: str, seen: int) -> None:
        if only in text and seen <= times:
            raise error

    return behave


@pytest.fixture
async def stack(push: None, start: Any, rasa: Any) -> AsyncIterator[Any]:
    """A gateway with the scripted channel."""
    async with start(rasa_url=rasa.url) as running:
        yield running


async def test_a_burst_of_20_reaches_the_citizen_in_order_one_at_a_time(stack: Any, rasa: Any) -> None:
    citizen = Citizen(stack)
    citizen.channel.behave = lambda *_: asyncio.sleep(0.005)
    for number in range(20):
        await citizen.write(f"câu {number}")
    assert await citizen.until(20, 15) == [f"echo: câu {number}" for number in range(20)]
    assert rasa.messages() == [f"câu {number}" for number in range(20)]
    assert (rasa.overlaps, citizen.channel.overlaps) == (0, 0)


async def test_each_citizen_gets_their_own_answer_in_their_own_language(stack: Any, rasa: Any) -> None:
    rasa.behave = lambda _sender, message, _seen: 500 if message == "độc" else None
    citizens = [Citizen(stack, f"chat-{number}") for number in range(6)]
    for number, citizen in enumerate(citizens):
        await citizen.write(f"tôi là {number}", language="en" if number % 2 else "vi")
        await citizen.write("độc", media=None)
    for number, citizen in enumerate(citizens):
        assert (await citizen.until(2))[0] == f"echo: tôi là {number}"
    hints = {
        who: data["language_hint"]
        for (who, text), data in zip(rasa.seen, rasa.metadata, strict=True)
        if text.startswith("tôi")
    }
    assert [hints[citizen.id] for citizen in citizens] == ["vi", "en"] * 3


async def test_a_slow_chat_does_not_hold_up_another(stack: Any) -> None:
    gate = asyncio.Event()
    slow, quick = Citizen(stack, "slow"), Citizen(stack, "quick")
    slow.channel.behave = lambda chat, *_: gate.wait() if chat == "slow" else None
    await slow.write("một")
    await quick.write("hai")
    assert await quick.until(1) == ["echo: hai"]
    assert slow.saw() == []
    gate.set()
    assert await slow.until(1) == ["echo: một"]


async def test_the_parts_of_a_reply_come_in_order(stack: Any, tmp_path: Path) -> None:
    citizen = Citizen(stack)
    citizen.channel.split = 3
    await citizen.write("một")
    assert await citizen.until(3) == [f"echo: một ({number})" for number in (1, 2, 3)]
    await settled(stack.gateway)
    found = rows(tmp_path, "SELECT state, parts_sent, repeated, platform_ids FROM outbox WHERE number = 2")
    assert found == [("sent", 3, 0, '["m4", "m5", "m6"]')]


async def test_what_was_surely_not_delivered_is_sent_again_from_where_it_stopped(
    stack: Any, tmp_path: Path
) -> None:
    citizen = Citizen(stack)
    citizen.channel.split = 3
    citizen.channel.behave = failing(SendLater("rate_limit", seconds=0.05), 2, only="một (2)")
    await citizen.write("một")
    assert await citizen.until(3) == [f"echo: một ({number})" for number in (1, 2, 3)]
    await settled(stack.gateway)
    assert Counter(text for _, text in citizen.channel.tried)["echo: một (2)"] == 3
    assert rows(tmp_path, "SELECT state, attempts, repeated FROM outbox WHERE number = 2") == [("sent", 3, 0)]


async def test_the_platforms_own_pause_is_kept(stack: Any) -> None:
    citizen = Citizen(stack)
    citizen.channel.behave = failing(SendLater("rate_limit", seconds=0.6), 1)
    await citizen.write("một")
    began = asyncio.get_running_loop().time()
    await citizen.until(1)
    assert asyncio.get_running_loop().time() - began > 0.55


async def test_a_platform_that_never_takes_it_ends_after_so_many_tries_and_the_next_goes_on(
    stack: Any, tmp_path: Path
) -> None:
    citizen = Citizen(stack)
    citizen.channel.behave = failing(SendLater("status_500"), 1000, only="độc")
    await citizen.write("độc")
    await citizen.write("lành")
    assert await citizen.until(1) == ["echo: lành"]
    assert Counter(text for _, text in citizen.channel.tried)["echo: độc"] == 6
    assert rows(tmp_path, "SELECT state, error FROM outbox WHERE number = 2") == [("failed", "status_500")]


async def test_waiting_for_the_morning_is_no_try(
    push: None, start: Any, rasa: Any, quick_sender: Any
) -> None:
    async with start(rasa_url=rasa.url, sender=replace(quick_sender, tries=1)) as stack:
        citizen = Citizen(stack)
        citizen.channel.behave = failing(SendLater("night", seconds=0.02, counts=False), 8)
        await citizen.write("một")
        assert await citizen.until(1) == ["echo: một"]


@pytest.mark.parametrize("times", [1, 2])
async def test_an_unknown_outcome_is_repeated_and_the_repetition_is_recorded(
    stack: Any, tmp_path: Path, times: int
) -> None:
    citizen = Citizen(stack)
    citizen.channel.after = failing(SendUnknown("timeout"), times)
    await citizen.write("một")
    await citizen.until(times + 1)
    await settled(stack.gateway)
    assert citizen.answers() == ["echo: một"] * (times + 1)
    assert rows(tmp_path, "SELECT state, repeated FROM outbox WHERE number = 2") == [("sent", times)]


async def test_an_outcome_that_stays_unknown_is_given_up_and_recorded(stack: Any, tmp_path: Path) -> None:
    citizen = Citizen(stack)
    citizen.channel.behave = failing(SendUnknown("timeout"), 1000, only="mất")
    await citizen.write("mất")
    await citizen.write("đến")
    assert await citizen.until(1) == ["echo: đến"]
    assert Counter(text for _, text in citizen.channel.tried)["echo: mất"] == 3
    assert rows(tmp_path, "SELECT state, error FROM outbox WHERE number = 2") == [
        ("failed", "unknown:timeout")
    ]


async def test_a_call_that_hangs_is_cut_off_and_counts_as_unknown(
    push: None, start: Any, rasa: Any, quick_sender: Any, tmp_path: Path
) -> None:
    async with start(rasa_url=rasa.url, sender=replace(quick_sender, attempt=0.1)) as stack:
        citizen = Citizen(stack)
        citizen.channel.behave = lambda _chat, text, seen: (
            asyncio.sleep(5) if "echo" in text and seen == 1 else None
        )
        await citizen.write("một")
        assert await citizen.until(1) == ["echo: một"]
        await settled(stack.gateway)
    assert rows(tmp_path, "SELECT repeated FROM outbox WHERE number = 2") == [(1,)]


async def test_what_a_platform_refuses_ends_and_the_next_goes_on(stack: Any, tmp_path: Path) -> None:
    citizen = Citizen(stack)
    citizen.channel.behave = failing(SendRefused("too_long"), 1000, only="dài")
    await citizen.write("dài")
    await citizen.write("ngắn")
    assert await citizen.until(1) == ["echo: ngắn"]
    assert Counter(text for _, text in citizen.channel.tried)["echo: dài"] == 1
    assert rows(tmp_path, "SELECT state, error FROM outbox WHERE number = 2") == [("failed", "too_long")]


async def test_a_blocked_chat_gets_nothing_more_until_the_citizen_writes(stack: Any, tmp_path: Path) -> None:
    citizen = Citizen(stack)
    citizen.channel.behave = failing(ChatClosed("blocked"), 1, only="một")
    await citizen.write("một")
    await citizen.write("hai")
    await settled(stack.gateway)
    assert citizen.answers() == []
    assert Counter(text for _, text in citizen.channel.tried)["echo: một"] == 1
    assert rows(tmp_path, "SELECT closed_reason FROM address") == [("blocked",)]
    assert rows(tmp_path, "SELECT state FROM outbox WHERE number > 1") == [("failed",)] * 2
    await citizen.write("ba")
    assert await citizen.until(1) == ["echo: ba"]
    assert rows(tmp_path, "SELECT closed_at FROM address") == [(None,)]


async def test_a_farewell_that_cannot_be_sent_leaves_nothing_behind_either(
    stack: Any, tmp_path: Path
) -> None:
    for number, error in enumerate((ChatClosed("blocked"), SendRefused("no"))):
        citizen = Citizen(stack, f"chat-{number}")
        citizen.channel.behave = failing(error, 1000, only="đã xóa")
        await citizen.write("một")
        await citizen.until(1)
        await stack.gateway.reception.erase("push", citizen.chat)
        await settled(stack.gateway)
        assert rows(tmp_path, "SELECT count(*) FROM conversation") == [(0,)], error


async def test_a_reply_that_cannot_be_rendered_does_not_hold_up_the_next(stack: Any, tmp_path: Path) -> None:
    citizen = Citizen(stack)
    real = citizen.channel.render

    def render(reply: Any) -> Any:
        if "hỏng" in reply.text:
            raise KeyError("words of a citizen")
        return real(reply)

    citizen.channel.render = render  # type: ignore[method-assign]
    await citizen.write("hỏng")
    await citizen.write("tốt")
    assert await citizen.until(1) == ["echo: tốt"]
    assert rows(tmp_path, "SELECT state, error FROM outbox WHERE number = 2") == [
        ("failed", "render:KeyError")
    ]


async def test_a_defect_of_the_adapter_counts_as_an_unknown_outcome(stack: Any, tmp_path: Path) -> None:
    citizen = Citizen(stack)
    citizen.channel.behave = failing(RuntimeError("words of a citizen"), 1)
    await citizen.write("một")
    assert await citizen.until(1) == ["echo: một"]
    await settled(stack.gateway)
    assert rows(tmp_path, "SELECT state, repeated, error FROM outbox WHERE number = 2") == [("sent", 1, None)]


async def test_one_chat_gets_a_few_at_once_and_then_as_many_a_second_as_its_platform_allows(
    push: None, start: Any, rasa: Any
) -> None:
    def slow_down(gateway: Any) -> None:
        gateway.channels["push"].per_chat_second = 5.0

    async with start(rasa_url=rasa.url, prepare=slow_down) as stack:
        citizen, other = Citizen(stack), Citizen(stack, "other")
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(7):
            await citizen.write(f"câu {number}")
        await other.write("tôi")
        await other.until(1)
        assert await citizen.until(7) == [f"echo: câu {number}" for number in range(7)]
        # Eight with the notice: four at once, then five a second.
        assert loop.time() - began > 0.75


async def test_a_channel_sends_no_faster_than_its_platform_allows(push: None, start: Any, rasa: Any) -> None:
    def slow_down(gateway: Any) -> None:
        gateway.channels["push"].per_second = 8.0

    async with start(rasa_url=rasa.url, prepare=slow_down) as stack:
        citizens = [Citizen(stack, f"chat-{number}") for number in range(8)]
        loop = asyncio.get_running_loop()
        began = loop.time()
        for citizen in citizens:
            await citizen.write("một")
        for citizen in citizens:
            assert await citizen.until(1) == ["echo: một"]
        # 16 with the notices: eight at once, then eight a second.
        assert loop.time() - began > 0.9


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", ["claim", "send", "progress", "conclude"])
async def test_a_sender_killed_at_any_step_loses_nothing_and_repeats_only_the_call_it_was_in(
    push: None,
    start: Any,
    rasa: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    step: str,
    after: bool,
) -> None:
    """Cut off right before and right after each step, while the first answer is sent in two parts."""
    reached = asyncio.Event()

    async def hang() -> None:
        reached.set()
        await asyncio.Event().wait()

    async with start(rasa_url=rasa.url) as stack:
        citizen = Citizen(stack)
        await citizen.write("chào")
        await citizen.until(1)
        await settled(stack.gateway)
        citizen.channel.delivered.clear()
        citizen.channel.split = 2
        if step == "send":
            script = lambda _chat, text, _seen: hang() if text == "echo: một (1)" else None  # noqa: E731
            setattr(citizen.channel, "after" if after else "behave", script)
        else:
            real, take = getattr(sending, step), sending.claim

            async def cut_off(*given: Any, **named: Any) -> Any:
                outcome = await real(*given, **named) if after else None
                if step != "claim" or not after or outcome:
                    await hang()
                return outcome

            async def claim_alive(*given: Any) -> Any:
                return [] if reached.is_set() else await take(*given)

            monkeypatch.setattr(sending, "claim", claim_alive)
            monkeypatch.setattr(sending, step, cut_off)
        await citizen.write("một")
        await citizen.write("hai")
        async with asyncio.timeout(5):
            await reached.wait()
        before = citizen.answers()
        await stack.gateway.delivery.kill()
        await stack.gateway.sender.kill()
        if step != "send":
            monkeypatch.setattr(sending, "claim", take)
            monkeypatch.setattr(sending, step, real)
    monkeypatch.setattr(ScriptedChannel, "split", 2)  # it sends as soon as it starts
    async with start(rasa_url=rasa.url) as second:
        citizen.move(second)
        # A cancelled task may hold SQLite's lock for a while, as no killed process can.
        await settled(second.gateway, 25)
        shown = before + citizen.answers()
    wanted = [f"echo: {word} ({part})" for word in ("một", "hai") for part in (1, 2)]
    assert list(dict.fromkeys(shown)) == wanted
    doubled = [text for text, count in Counter(shown).items() if count > 1]
    cut_call = {
        ("send", True): ["echo: một (1)"],
        ("progress", False): ["echo: một (1)"],
        ("conclude", False): ["echo: một (2)"],
    }
    assert doubled == cut_call.get((step, after), [])
    recorded = rows(tmp_path, "SELECT number, repeated, error FROM outbox WHERE repeated > 0")
    # Claimed and killed looks the same, from outside, as killed in the call.
    unknown = (step, after) not in (("claim", False), ("conclude", True))
    allowed = [[(3, 1, None)] if unknown else []]
    if (step, after) == ("conclude", True):
        # A claim that was on its way may have taken the next answer in the moment before the kill.
        allowed.append([(4, 1, None)])
    assert recorded in allowed


async def test_two_gateways_on_one_database_share_the_sending_and_keep_the_order(
    push: None, start: Any, rasa: Any
) -> None:
    async with start(rasa_url=rasa.url) as one, start(rasa_url=rasa.url) as two:
        citizens = [Citizen(one, f"chat-{number}") for number in range(4)]
        for number in range(6):
            for citizen in citizens:
                citizen.move((one, two)[number % 2])
                await citizen.write(f"câu {number}")
        await settled(one.gateway, 15)
        by_both: list[tuple[str, str]] = []
        for stack in (one, two):
            by_both += stack.gateway.channels["push"].delivered
    for citizen in citizens:
        said = [text for chat, text in by_both if chat == citizen.chat and "echo" in text]
        assert sorted(said) == [f"echo: câu {number}" for number in range(6)]


async def test_stopping_sends_what_is_due(push: None, start: Any, rasa: Any, tmp_path: Path) -> None:
    async with start(rasa_url=rasa.url) as stack:
        citizen = Citizen(stack)
        citizen.channel.behave = lambda *_: asyncio.sleep(0.1)
        rasa.delay = 0.2
        for _ in range(2):
            await citizen.write("vừa kịp")
        await rasa.until(1)
    states = rows(tmp_path, "SELECT state FROM outbox")
    assert states == [("sent",)] * 2  # the notice and the answer that was being made
    assert rows(tmp_path, "SELECT state FROM inbox ORDER BY number") == [("done",), ("waiting",)]


async def test_the_citizen_is_told_once_when_it_takes_longer(
    push: None, quick: Any, start: Any, free_port: int, rasa_on: Any
) -> None:
    async with start(replace(quick, notice=0.1), rasa_url=f"http://127.0.0.1:{free_port}") as stack:
        citizen = Citizen(stack)
        await citizen.write("alô?", language="en")
        assert "slower" in (await citizen.until(1))[0]
        await asyncio.sleep(0.3)
        async with rasa_on(free_port):
            assert (await citizen.until(2))[1] == "echo: alô?"


async def test_a_poison_message_is_parked_with_an_apology_and_listed_for_staff(stack: Any, rasa: Any) -> None:
    rasa.behave = lambda _sender, message, _seen: 500 if message == "độc" else None
    citizen = Citizen(stack)
    accepted = await citizen.write("độc", language="en")
    await citizen.write("lành")
    answers = await citizen.until(2)
    assert "something went wrong" in answers[0] and answers[1] == "echo: lành"
    async with stack.gateway.store.read() as connection:
        (line,) = (await query.find(connection, "unanswered")).rows
    assert accepted and (line.id, line.channel, line.attempts, line.reason) == (
        accepted.id,
        "push",
        5,
        "status_500",
    )
    assert "troly_parked_messages 1.0" in (await stack.http.get("/metrics")).text


async def test_typing_is_shown_while_an_answer_is_prepared(stack: Any) -> None:
    citizen = Citizen(stack)
    await citizen.write("một")
    await citizen.until(1)
    assert citizen.channel.typed == [True, False]


async def test_readiness_and_metrics_tell_whether_a_platform_takes_what_is_sent(
    push: None, start: Any, rasa: Any, quick_sender: Any
) -> None:
    async with start(rasa_url=rasa.url, sender=replace(quick_sender, tries=1000)) as stack:
        citizen = Citizen(stack)
        assert (await stack.http.get("/readyz")).json()["checks"]["push"] == "up"
        citizen.channel.behave = failing(SendLater("refused"), 10)
        await citizen.write("một")
        async with asyncio.timeout(5):
            while (await stack.http.get("/readyz")).json()["checks"]["push"] == "up":  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert 'troly_unsent_replies{channel="push"} 1.0' in (await stack.http.get("/metrics")).text
        await citizen.until(1)
        await settled(stack.gateway)
        assert (await stack.http.get("/readyz")).json()["checks"]["push"] == "up"
        found = (await stack.http.get("/metrics")).text
        assert 'troly_sends_total{channel="push",result="sent"} 2.0' in found
        assert 'troly_sends_total{channel="push",result="later"} 10.0' in found
        assert 'troly_unsent_replies{channel="push"} 0.0' in found


async def test_replies_of_a_channel_that_was_taken_away_wait_for_it(
    push: None, start: Any, rasa: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from channels import registry

    async with start(rasa_url=rasa.url) as stack:
        citizen = Citizen(stack)
        await stack.gateway.sender.kill()
        await citizen.write("một")
        await rasa.until(1)
        await asyncio.sleep(0.1)
        await citizen.write("hai")
        await stack.gateway.delivery.kill()
    with monkeypatch.context() as without:
        without.delitem(registry.CHANNELS, "push")
        async with start(rasa_url=rasa.url) as stack:
            await asyncio.sleep(0.3)
    async with start(rasa_url=rasa.url) as stack:
        citizen.move(stack)
        assert await citizen.until(2) == ["echo: một", "echo: hai"]


async def test_a_database_that_is_away_for_a_moment_after_a_call_does_not_repeat_it(
    stack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.exc import OperationalError

    real, failures = sending.conclude, 0

    async def away_at_first(*given: Any, **named: Any) -> bool:
        nonlocal failures
        if failures < 1:
            failures += 1
            raise OperationalError("x", {}, Exception())
        return await real(*given, **named)

    monkeypatch.setattr(sending, "conclude", away_at_first)
    citizen = Citizen(stack)
    await citizen.write("một")
    await citizen.until(1)
    await settled(stack.gateway)
    assert failures == 1
    assert len(citizen.saw()) == 2


async def test_without_the_key_nothing_is_lost_and_readiness_tells(
    push: None, start: Any, rasa: Any, quick_sender: Any, tmp_path: Path
) -> None:
    from troly.privacy import new_key

    right, wrong = new_key(), new_key()
    async with start(encryption_keys=right) as stack:  # without Rasa
        citizen = Citizen(stack)
        await citizen.write("một")
        await settled_notice(citizen)
        await stack.gateway.delivery.kill()
    async with start(rasa_url=rasa.url, encryption_keys=wrong) as stack:
        await rasa.until(1)
        async with asyncio.timeout(5):
            while (await stack.http.get("/readyz")).json()["checks"]["push"] == "up":  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    assert rows(tmp_path, "SELECT state, error, attempts FROM outbox WHERE number = 2") == [
        ("waiting", "no_key", 0)
    ]


async def settled_notice(citizen: Citizen) -> None:
    """Until the privacy notice is there."""
    async with asyncio.timeout(5):
        while not citizen.saw():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
