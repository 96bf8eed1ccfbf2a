"""Long polling: one update after the other, none asked for before the last is stored."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import structlog

from channels.reception import Received
from channels.zalo_bot.client import ZaloBotClient
from channels.zalo_bot.polling import Polling
from tests.fakes.base import serving
from tests.fakes.zalo_bot import FakeZaloBot

QUICK = (0.02, 0.02)


@asynccontextmanager
async def polling(client: ZaloBotClient, store: Callable[[Received], Any]) -> AsyncIterator[None]:
    """Polls in the background."""
    task = asyncio.create_task(Polling(client, store, poll_seconds=1, pauses=QUICK).run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@pytest.fixture
def platform(fake: FakeZaloBot) -> FakeZaloBot:
    """A platform that keeps messages for getUpdates."""
    fake.polling = True
    return fake


def polls(fake: FakeZaloBot) -> int:
    """How often was asked."""
    return sum(method == "getUpdates" for method, _ in fake.calls)


async def test_messages_arrive_in_order_and_each_is_stored_before_the_next_is_asked_for(
    platform: FakeZaloBot, client: ZaloBotClient
) -> None:
    stored: list[str | None] = []
    asked: list[int] = []

    async def store(received: Received) -> None:
        asked.append(polls(platform))
        await asyncio.sleep(0.03)
        assert polls(platform) == asked[-1], "nothing was asked for meanwhile"
        stored.append(received.text)

    for number in range(5):
        await platform.write("lan", f"tin {number}")
    async with polling(client, store):
        await until(lambda: len(stored) == 5)
    assert stored == [f"tin {number}" for number in range(5)]
    assert asked == [1, 2, 3, 4, 5]


async def test_a_message_that_cannot_be_stored_is_held_until_it_can(
    platform: FakeZaloBot, client: ZaloBotClient
) -> None:
    tries = itertools.count(1)
    stored: list[str | None] = []

    async def store(received: Received) -> None:
        if next(tries) < 5:
            raise ConnectionError("the database is away")
        stored.append(received.text)

    await platform.write("lan", "một")
    await platform.write("lan", "hai")
    async with polling(client, store):
        await until(lambda: len(stored) == 2)
    assert stored == ["một", "hai"]
    assert next(tries) == 7


async def test_nothing_new_is_no_failure_and_no_reason_to_hurry(
    platform: FakeZaloBot, client: ZaloBotClient
) -> None:
    with structlog.testing.capture_logs() as logs:
        async with polling(client, _ignore):
            await asyncio.sleep(1.3)  # one long poll, and a bit
    assert 1 <= polls(platform) <= 2
    assert logs == []


@pytest.mark.parametrize("answer", [{"ok": True}, {"ok": True, "result": None}, {"ok": True, "result": []}])
async def test_an_empty_answer_that_comes_at_once_is_not_asked_for_at_once(answer: dict[str, Any]) -> None:
    asked = 0

    def serve(_: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(200, json=answer)

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(serve)) as http,
        polling(ZaloBotClient(http, "http://platform.test", "1:a"), _ignore),
    ):
        await asyncio.sleep(0.2)
    assert 2 <= asked <= 12


async def test_a_wrong_token_is_named_and_hardly_asked_with_again(
    platform: FakeZaloBot, http: httpx.AsyncClient
) -> None:
    with structlog.testing.capture_logs() as logs:
        async with polling(ZaloBotClient(http, "http://platform.test", "1:wrong"), _ignore):
            await asyncio.sleep(0.2)
    refused = [line for line in logs if line["event"] == "token_refused"]
    assert len(refused) == 1
    assert "ZALO_BOT_TOKEN" in refused[0]["fix"]


async def test_a_webhook_in_the_way_is_told_and_polling_goes_on_when_it_is_gone(
    platform: FakeZaloBot, client: ZaloBotClient
) -> None:
    stored: list[str | None] = []

    async def store(received: Received) -> None:
        stored.append(received.text)

    platform.webhook = ("https://elsewhere.test/hook", "12345678")
    await platform.write("lan", "một")
    with structlog.testing.capture_logs() as logs:
        async with polling(client, store):
            await asyncio.sleep(0.1)
            assert stored == []
            platform.webhook = None
            await until(lambda: stored == ["một"])
    assert any("set-webhook zalo_bot" in line.get("fix", "") for line in logs)


async def test_a_broken_platform_is_found_again(platform: FakeZaloBot) -> None:
    stored: list[str | None] = []

    async def store(received: Received) -> None:
        stored.append(received.text)

    async with httpx.AsyncClient(trust_env=False) as http:
        with serving(platform.app) as url:
            port = int(url.rpartition(":")[2])
        await platform.write("lan", "một")
        async with polling(ZaloBotClient(http, url, platform.token), store):
            await asyncio.sleep(0.1)
            with serving(platform.app, port):
                await until(lambda: stored == ["một"])


async def test_an_update_that_cannot_be_read_does_not_stop_the_next(
    platform: FakeZaloBot, client: ZaloBotClient
) -> None:
    stored: list[str | None] = []

    async def store(received: Received) -> None:
        stored.append(received.text)

    platform._updates.append({"no": "event"})
    await platform.write("lan", "một")
    async with polling(client, store):
        await until(lambda: stored == ["một"])


async def _ignore(_: Received) -> None:
    pass
