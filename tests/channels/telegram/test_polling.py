"""Polling: every update is dealt with once, and only then is the next asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from channels.telegram.polling import Poller
from tests.fakes.telegram import FakeTelegram


@pytest.fixture
def fake() -> FakeTelegram:
    """A Telegram whose updates wait to be fetched."""
    return FakeTelegram(polling=True)


def poller(bench: Any) -> Poller:
    return Poller(bench.channel.bot, bench.channel._deal, hold=1, pauses=(0.02,))


async def test_updates_are_fetched_and_only_then_forgotten(bench: Any, fake: FakeTelegram) -> None:
    for text in ("một", "hai", "ba"):
        await fake.write("An", text)
    await bench.channel.start()
    await bench.reception.until(3)
    await fake.write("An", "bốn")
    await bench.reception.until(4)
    assert [each.text for each in bench.reception.received] == ["một", "hai", "ba", "bốn"]


async def test_the_menu_is_shown_in_both_languages(bench: Any, fake: FakeTelegram) -> None:
    await bench.channel.start()
    async with asyncio.timeout(5):
        while len(fake.commands) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert set(fake.commands) == {"vi", "en", ""}


async def test_what_could_not_be_stored_is_fetched_again_and_nothing_after_it_is_lost(
    bench: Any, fake: FakeTelegram
) -> None:
    for text in ("một", "hai"):
        await fake.write("An", text)
    bench.reception.fault = OperationalError("x", {}, Exception())
    task = asyncio.create_task(poller(bench).run())
    await asyncio.sleep(0.2)
    assert len(fake.updates) == 2
    bench.reception.fault = None
    await bench.reception.until(2)
    task.cancel()
    assert [each.text for each in bench.reception.received] == ["một", "hai"]


async def test_a_poller_that_died_before_it_acknowledged_is_given_the_updates_again(
    bench: Any, fake: FakeTelegram
) -> None:
    await fake.write("An", "một")
    for _ in range(2):
        task = asyncio.create_task(poller(bench).run())
        await bench.reception.until(1)
        task.cancel()
    await asyncio.sleep(0.1)
    assert len(bench.reception.received) == 1


async def test_an_update_that_breaks_our_code_does_not_hold_up_the_others(
    bench: Any, fake: FakeTelegram
) -> None:
    tries = []

    async def deal(raw: Any) -> None:
        if raw["message"]["text"] == "một":
            tries.append(raw)
            raise KeyError("a mistake of ours")
        await bench.channel._deal(raw)

    for text in ("một", "hai"):
        await fake.write("An", text)
    task = asyncio.create_task(Poller(bench.channel.bot, deal, hold=1, pauses=(0.01,)).run())
    await bench.reception.until(1)
    task.cancel()
    assert bench.last.text == "hai"
    assert len(tries) == 5


async def test_a_webhook_that_is_set_is_left_alone_and_told(
    bench: Any, fake: FakeTelegram, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.webhook = {"url": "https://troly.example.vn/webhooks/telegram"}
    await fake.write("An", "một")
    task = asyncio.create_task(poller(bench).run())
    await asyncio.sleep(0.2)
    said = capsys.readouterr()
    assert "set-webhook telegram" in said.out + said.err
    assert fake.webhook
    fake.webhook = {}
    await bench.reception.until(1)
    task.cancel()


async def test_polling_goes_on_after_telegram_was_away(
    bench_on: Callable[..., Any], serve: Callable[..., Any], fake: FakeTelegram, free_port: int
) -> None:
    async with bench_on(url=f"http://127.0.0.1:{free_port}") as bench:
        task = asyncio.create_task(poller(bench).run())
        await asyncio.sleep(0.1)
        await fake.write("An", "một")
        async with serve(fake.app, free_port):
            await bench.reception.until(1)
            task.cancel()


async def test_a_press_comes_in_by_polling_too(bench: Any, fake: FakeTelegram) -> None:
    message = fake.message("An", text="?")
    await fake.deliver(fake.update("callback_query", fake.query("An", "b:1:0", message)))
    task = asyncio.create_task(poller(bench).run())
    await bench.reception.until(1)
    task.cancel()
    await bench.settle()
    assert bench.last.button == "b:1:0"
    assert len(fake.answered) == 1
