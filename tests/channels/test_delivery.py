"""Nothing lost, nothing doubled, in order, one conversation never waiting for another."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from channels import claiming, concluding


def rows(tmp_path: Path, query: str) -> list[Any]:
    with sqlite3.connect(tmp_path / "test.db") as connection:
        return connection.execute(query).fetchall()


async def test_a_message_is_answered_with_text_buttons_links_and_answer_record(stack: Any, rasa: Any) -> None:
    visitor = await stack.visitor(language="en")
    reply = (await visitor.send("lệ phí khai sinh?", wait=True)).json()["replies"][0]
    assert reply == {
        "id": "2",
        "text": "echo: lệ phí khai sinh?",
        "language": "vi",
        "buttons": [{"title": "Lệ phí", "payload": '/ask_fee{"procedure_code":"1.001193"}'}],
        "links": [{"title": "Nguồn", "url": "https://example.test/1.001193"}],
        "image": None,
        "from": "bot",
        "answer": {
            "status": "answered",
            "intent": "ask_fee",
            "procedure_code": "1.001193",
            "aspect": "fee",
            "application_code": None,
            "language": "vi",
            "sources": [],
        },
    }
    assert rasa.metadata[0]["channel"] == "web"
    assert rasa.metadata[0]["language_hint"] == "en"


async def test_a_redelivered_message_is_answered_once(stack: Any, rasa: Any) -> None:
    visitor = await stack.visitor()
    rasa.delay = 0.1
    responses = await asyncio.gather(*(visitor.send("một lần", client_id="same") for _ in range(8)))
    assert {response.status_code for response in responses} == {202}
    assert len({response.json()["message_id"] for response in responses}) == 1
    assert await visitor.answers(1) == ["echo: một lần"]
    await asyncio.sleep(0.3)
    assert rasa.messages() == ["một lần"]
    assert len(await visitor.answers(1)) == 1


async def test_a_waiting_redelivery_gets_the_same_replies(stack: Any, rasa: Any) -> None:
    visitor = await stack.visitor()
    first = await visitor.send("xin chào", wait=True, client_id="same")
    again = await visitor.send("một câu khác", wait=True, client_id="same")
    assert first.json() == again.json()
    assert rasa.messages() == ["xin chào"]


async def test_the_same_client_id_in_two_conversations_is_two_messages(stack: Any, rasa: Any) -> None:
    one, two = await stack.visitor(), await stack.visitor()
    await one.send("a", client_id="same", wait=True)
    await two.send("b", client_id="same", wait=True)
    assert sorted(rasa.messages()) == ["a", "b"]


async def test_a_burst_of_20_is_answered_in_order_one_at_a_time(stack: Any, rasa: Any) -> None:
    visitor = await stack.visitor()
    rasa.delay = 0.01
    for number in range(20):
        assert (await visitor.send(f"câu {number}")).status_code == 202
    expected = [f"câu {number}" for number in range(20)]
    assert await visitor.answers(20) == [f"echo: {text}" for text in expected]
    # A try that a busy machine cut off is made again: Rasa may read a message twice, never out of order.
    assert list(dict.fromkeys(rasa.messages())) == expected
    assert rasa.overlaps == 0


async def test_a_slow_conversation_does_not_hold_up_another(stack: Any, rasa: Any) -> None:
    gate = asyncio.Event()

    async def behave(_sender: str, message: str, _seen: int) -> None:
        if message == "chậm":
            await gate.wait()

    rasa.behave = behave
    slow, quick = await stack.visitor(), await stack.visitor()
    await slow.send("chậm")
    assert await quick.ask("nhanh") == "echo: nhanh"
    gate.set()
    assert await slow.answers(1) == ["echo: chậm"]


async def test_at_most_so_many_conversations_are_worked_on_at_once(quick: Any, start: Any, rasa: Any) -> None:
    async with start(replace(quick, workers=3), rasa_url=rasa.url) as stack:
        visitors = [await stack.visitor() for _ in range(9)]
        rasa.delay, rasa.most_at_once = 0.05, 0
        await asyncio.gather(*(visitor.send("x") for visitor in visitors))
        for visitor in visitors:
            await visitor.answers(1)
    assert rasa.most_at_once == 3


@pytest.mark.parametrize("bad", [500, 503, "<html>", '{"no": "list"}', '["no object"]', '[{"text": 5}]'])
async def test_a_failing_rasa_is_asked_again_until_it_answers(stack: Any, rasa: Any, bad: Any) -> None:
    rasa.behave = lambda _sender, _message, seen: bad if seen < 4 else None
    visitor = await stack.visitor()
    rasa.seen.clear()
    assert await visitor.ask("bền bỉ") == "echo: bền bỉ"
    assert rasa.messages() == ["bền bỉ"] * 4


async def test_after_five_tries_the_message_is_parked_and_the_citizen_is_told(
    stack: Any, rasa: Any, tmp_path: Path
) -> None:
    rasa.behave = lambda _sender, message, _seen: 500 if message == "độc" else None
    visitor = await stack.visitor(language="en")
    replies = (await visitor.send("độc", wait=True)).json()["replies"]
    assert [reply["answer"]["status"] for reply in replies] == ["error"]
    assert rasa.messages() == ["độc"] * 5
    assert rows(tmp_path, "SELECT state, error, attempts FROM inbox") == [("parked", "status_500", 5)]
    assert await visitor.ask("tiếp theo") == "echo: tiếp theo"


async def test_an_empty_answer_is_a_failure_like_any_other(stack: Any, rasa: Any) -> None:
    rasa.behave = lambda _sender, message, _seen: [] if message == "trống" else None
    visitor = await stack.visitor()
    replies = (await visitor.send("trống", wait=True)).json()["replies"]
    assert [reply["answer"]["status"] for reply in replies] == ["error"]
    assert replies[0]["text"]
    assert rasa.messages() == ["trống"] * 5


async def test_an_empty_answer_followed_by_a_real_one_is_no_error(stack: Any, rasa: Any) -> None:
    rasa.behave = lambda _sender, _message, seen: [] if seen == 1 else None
    visitor = await stack.visitor()
    assert await visitor.ask("lần hai") == "echo: lần hai"


async def test_messages_sent_while_rasa_is_off_are_answered_when_it_is_back(
    start: Any, rasa_on: Any, free_port: int
) -> None:
    async with start(rasa_url=f"http://127.0.0.1:{free_port}") as stack:
        visitor = await stack.visitor()
        for number in range(5):
            assert (await visitor.send(f"câu {number}")).status_code == 202
        await asyncio.sleep(0.6)  # longer than five counted tries would last
        async with rasa_on(free_port) as rasa:
            assert await visitor.answers(5) == [f"echo: câu {number}" for number in range(5)]
            assert len(rasa.messages()) == 5


async def test_many_who_wait_for_a_rasa_that_is_off_are_asked_for_a_few_at_a_time(
    quick: Any, start: Any, free_port: int, rasa_on: Any
) -> None:
    options = replace(quick, poll=0.4, workers=4)
    async with start(options, rasa_url=f"http://127.0.0.1:{free_port}") as stack:
        visitors = [await stack.visitor() for _ in range(20)]
        for visitor in visitors:
            await visitor.send("alô")
        tries = stack.gateway.metrics.failures.labels(reason="unreachable")._value
        before = tries.get()
        await asyncio.sleep(1.2)
        assert 0 < tries.get() - before <= 4 * 4, "else they slow those who write now"
        async with rasa_on(free_port):
            for visitor in visitors:
                assert await visitor.answers(1, seconds=20) == ["echo: alô"]


async def test_an_outage_without_end_is_admitted(quick: Any, start: Any, free_port: int) -> None:
    async with start(replace(quick, outage=0.3), rasa_url=f"http://127.0.0.1:{free_port}") as stack:
        visitor = await stack.visitor()
        replies = (await visitor.send("có ai không?", wait=True)).json()["replies"]
        assert [reply["answer"]["status"] for reply in replies] == ["error"]


async def test_a_rasa_that_hangs_up_is_asked_again(
    quick: Any, start: Any, free_port: int, rasa_on: Any
) -> None:
    hung_up = 0

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal hung_up
        hung_up += 1
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", free_port)
    options = replace(quick, pauses=(0.4, 0.4, 0.4, 0.4))
    async with start(options, rasa_url=f"http://127.0.0.1:{free_port}") as stack:
        visitor = await stack.visitor()
        await visitor.send("alô")
        async with asyncio.timeout(5):
            while hung_up < 2:  # noqa: ASYNC110 - the greeting and the message
                await asyncio.sleep(0.02)
        server.close()
        await server.wait_closed()
        async with rasa_on(free_port):
            assert await visitor.answers(1) == ["echo: alô"]


async def test_a_slow_rasa_is_given_up_and_its_late_answer_is_not_shown_twice(
    stack: Any, rasa: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = await stack.visitor()
    monkeypatch.setattr(stack.gateway.rasa, "_seconds", 0.2)

    async def behave(_sender: str, _message: str, seen: int) -> None:
        await asyncio.sleep(0.4 if seen == 1 else 0)

    rasa.behave = behave
    assert await visitor.ask("từ từ") == "echo: từ từ"
    await asyncio.sleep(0.4)
    assert await visitor.answers(1) == ["echo: từ từ"]


async def test_the_citizen_is_told_once_when_it_takes_longer(
    quick: Any, start: Any, free_port: int, rasa_on: Any
) -> None:
    async with start(replace(quick, notice=0.1), rasa_url=f"http://127.0.0.1:{free_port}") as stack:
        visitor = await stack.visitor(language="en")
        await visitor.send("hello?")
        async with visitor.events(str(len(visitor.greeting))) as events:
            async for event in events:
                if event["event"] == "notice":
                    break
        assert event["data"]["kind"] == "delay"
        assert "longer" in event["data"]["text"] or "slower" in event["data"]["text"]
        await asyncio.sleep(0.3)
        async with rasa_on(free_port):
            assert await visitor.answers(1) == ["echo: hello?"]
        found = await visitor.transcript()
        assert int(found["last_event_id"]) == len(visitor.greeting) + 2  # one notice, one answer


async def test_a_killed_worker_loses_nothing(start: Any, rasa: Any) -> None:
    """The process dies while Rasa works on three conversations; another one takes over after the lease."""
    async with start(rasa_url=rasa.url) as stack:
        visitors = [await stack.visitor() for _ in range(3)]
        rasa.delay = 3.0
        for visitor in visitors:
            await visitor.send("một")
            await visitor.send("hai")
        await rasa.until(3)
        await stack.gateway.delivery.kill()
    rasa.delay = 0
    async with start(rasa_url=rasa.url) as second:
        for visitor in visitors:
            visitor.http = second.http
            assert await visitor.answers(2) == ["echo: một", "echo: hai"]
            assert rasa.messages(visitor.id) == ["một", "một", "hai"]


async def test_a_turn_longer_than_the_lease_stays_with_its_worker(quick: Any, start: Any, rasa: Any) -> None:
    short = replace(quick, lease=0.3)
    async with start(short, rasa_url=rasa.url) as one, start(short, rasa_url=rasa.url):
        visitor = await one.visitor()
        rasa.delay = 1.2
        assert await visitor.ask("lâu") == "echo: lâu"
    assert rasa.messages() == ["lâu"]


@pytest.mark.parametrize(("home", "step"), [(claiming, "claim"), (concluding, "finish")])
async def test_a_worker_killed_before_or_after_a_step_loses_and_doubles_nothing(
    start: Any, rasa: Any, monkeypatch: pytest.MonkeyPatch, home: Any, step: str
) -> None:
    """Cut off right before and right after each database step, at the first message."""
    for after in (False, True):
        real = getattr(home, step)
        reached = asyncio.Event()

        async def cut_off(
            *given: Any, _real: Any = real, _after: bool = after, _at: Any = reached, **named: Any
        ) -> Any:
            outcome = await _real(*given, **named) if _after else None
            if _after and step == "claim" and not outcome:
                return outcome
            _at.set()
            await asyncio.Event().wait()  # until killed
            raise AssertionError("not killed")

        async with start(rasa_url=rasa.url) as stack:
            visitor = await stack.visitor()
            await asyncio.sleep(0.1)
            monkeypatch.setattr(home, step, cut_off)
            await visitor.send("một")
            await visitor.send("hai")
            async with asyncio.timeout(5):
                await reached.wait()
            await stack.gateway.delivery.kill()
            monkeypatch.setattr(home, step, real)
        async with start(rasa_url=rasa.url) as second:
            visitor.http = second.http
            assert await visitor.answers(2) == ["echo: một", "echo: hai"]
            await asyncio.sleep(0.2)
            assert len(await visitor.answers(2)) == 2


async def test_a_message_whose_workers_always_die_is_parked(
    quick: Any, start: Any, rasa: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with start(replace(quick, lease=0.05), rasa_url=rasa.url) as stack:
        visitor = await stack.visitor()
        real = stack.gateway.rasa.send

        async def die(identity: str, message: str, **given: Any) -> Any:
            if message == "chết":
                raise asyncio.CancelledError
            return await real(identity, message, **given)

        monkeypatch.setattr(
            type(stack.gateway.rasa), "send", lambda _self, *given, **named: die(*given, **named)
        )
        replies = (await visitor.send("chết", wait=True)).json()["replies"]
        assert [reply["answer"]["status"] for reply in replies] == ["error"]
    assert rows(tmp_path, "SELECT state, error FROM inbox") == [("parked", "worker_lost")]


async def test_shutdown_lets_a_running_turn_end(start: Any, rasa: Any, tmp_path: Path) -> None:
    async with start(rasa_url=rasa.url) as stack:
        visitor = await stack.visitor()
        rasa.delay = 0.4
        await visitor.send("vừa kịp")
        await rasa.until(1)
    assert rows(tmp_path, "SELECT state FROM inbox") == [("done",)]


async def test_two_gateways_on_one_database_share_the_work_and_keep_the_order(start: Any, rasa: Any) -> None:
    async with start(rasa_url=rasa.url) as one, start(rasa_url=rasa.url) as two:
        rasa.delay = 0.01
        visitors = [await one.visitor() for _ in range(4)]
        for number in range(6):
            for visitor in visitors:
                visitor.http = (one, two)[number % 2].http
                assert (await visitor.send(f"câu {number}")).status_code == 202
        for visitor in visitors:
            assert await visitor.answers(6) == [f"echo: câu {number}" for number in range(6)]
    assert rasa.overlaps == 0
    assert len(rasa.messages()) == 24


async def test_a_text_that_begins_with_a_slash_is_no_command(stack: Any, rasa: Any) -> None:
    visitor = await stack.visitor()
    for text in ("/restart", " \u2060/ask_fee{}", "／greet", "//", "/"):
        assert (await visitor.send(text, wait=True)).status_code == 200
    assert not [message for message in rasa.messages() if message.startswith("/")]
    said = [line["text"] for line in (await visitor.transcript())["messages"] if line["from"] == "citizen"]
    assert said[0] == "/restart"


async def test_erased_while_rasa_works_on_it_stays_erased(
    stack: Any, rasa: Any, remember: Any, tmp_path: Path
) -> None:
    visitor = await stack.visitor()
    rasa.delay = 0.3
    await visitor.send("bí mật")
    await rasa.until(1)
    assert (await visitor.http.delete("/api/v1/conversation", headers=visitor.headers)).status_code == 204
    remember(visitor.id)  # what Rasa's tracker store does at the end of the turn
    await asyncio.sleep(0.6)
    for table in ("conversation", "inbox", "outbox", "tracker_event", "tracker_snapshot"):
        assert rows(tmp_path, f"SELECT count(*) FROM {table}") == [(0,)], table
