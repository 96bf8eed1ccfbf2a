"""Signals between two gateway processes over a real Redis, also one that dies."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import structlog

from channels.broker import Subscription
from channels.redis_broker import CHANNEL, RedisBroker, connect
from tests.channels.redis_server import RedisServer, running_redis
from troly.errors import SettingError

pytestmark = pytest.mark.redis


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A server of this test's own."""
    with running_redis() as started:
        yield started


@pytest.fixture
async def make(server: RedisServer) -> AsyncIterator[Any]:
    """Makes started brokers, as processes have them."""
    made: list[RedisBroker] = []

    async def start(silence: float = 15.0) -> RedisBroker:
        broker = RedisBroker(server.url, silence=silence)
        await broker.start()
        made.append(broker)
        return broker

    yield start
    for broker in made:
        await broker.stop()


async def drained(subscription: Subscription) -> list[str]:
    """What is there already."""
    found = []
    while signal := await subscription.next(0.05):
        found.append(signal)
    return found


async def test_a_signal_reaches_the_listeners_of_another_process_in_order(make: Any) -> None:
    one, other = await make(), await make()
    assert await one.connected(5) and await other.connected(5)
    with other.listen("a") as mine, other.listen("b") as not_mine:
        for signal in ("typing_on", "new", "typing_off", "erased"):
            await one.publish("a", signal)
        assert [await mine.next(5) for _ in range(4)] == ["typing_on", "new", "typing_off", "erased"]
        assert await drained(not_mine) == []


async def test_a_process_hears_its_own_signal_once_and_without_redis(make: Any, server: RedisServer) -> None:
    broker = await make()
    assert await broker.connected(5)
    with broker.listen("a") as mine:
        await broker.publish("a", "new")
        assert await mine.next(0) == "new" or await mine.next(0.05) == "new"
        assert await drained(mine) == []  # not a second time over Redis
        server.kill()
        await broker.publish("a", "typing_on")
        assert await mine.next(0.05) == "typing_on"


async def test_after_a_restart_of_redis_listeners_look_into_the_outbox_and_hear_again(
    make: Any, server: RedisServer
) -> None:
    one, other = await make(), await make()
    assert await one.connected(5) and await other.connected(5)
    with other.listen("a") as mine:
        assert await drained(mine) == []
        server.kill()
        await asyncio.sleep(0.2)
        assert not await other.connected(0)
        server.start()
        assert await mine.next(10) == "new"  # nobody published: it is the reconnection
        assert await one.connected(10)
        await drained(mine)
        await one.publish("a", "typing_on")
        assert await mine.next(5) == "typing_on"


async def test_a_signal_that_could_not_be_told_is_told_later(make: Any, server: RedisServer) -> None:
    one, other = await make(silence=0.2), await make()
    assert await one.connected(5) and await other.connected(5)
    client = connect(server.url)
    await client.execute_command("CLIENT", "PAUSE", "1000", "WRITE")  # holds back PUBLISH, not listening
    with structlog.testing.capture_logs() as logs, other.listen("a") as mine:
        await one.publish("a", "typing_on")
        await one.publish("a", "new")
        assert [await mine.next(10) for _ in range(2)] == ["typing_on", "new"]
    assert ("redis_away", "tell") in [(line["event"], line.get("part")) for line in logs]
    await client.close()
    await client.connection_pool.disconnect()


async def test_a_redis_that_stops_answering_is_given_up_and_found_again(
    make: Any, server: RedisServer
) -> None:
    broker = await make(silence=0.2)
    assert await broker.connected(5)
    with broker.listen("a") as mine:
        await asyncio.sleep(1.0)
        assert await broker.connected(0), "a quiet connection is no dead one"
        await drained(mine)
        server.freeze()
        await asyncio.sleep(1.0)
        assert not await broker.connected(0)
        server.thaw()
        assert await mine.next(10) == "new"


async def test_a_gateway_starts_without_redis_and_finds_it_later(server: RedisServer) -> None:
    server.kill()
    broker = RedisBroker(server.url)
    with structlog.testing.capture_logs() as logs:
        await broker.start()
        try:
            assert not await broker.connected(0.3)
            with broker.listen("a") as mine:
                await broker.publish("a", "new")
                assert await mine.next(0.05) == "new"
            server.start()
            assert await broker.connected(10)
        finally:
            await broker.stop()
    away = [line for line in logs if line["event"] == "redis_away" and line["part"] == "hear"]
    assert len(away) == 1, "one line, however often it is tried"
    assert [line for line in logs if line["event"] == "redis_back" and line["part"] == "hear"]


async def test_strangers_on_the_channel_do_no_harm(make: Any, server: RedisServer) -> None:
    one, other = await make(), await make()
    assert await one.connected(5) and await other.connected(5)
    client = connect(server.url)
    with other.listen("a") as mine:
        for nonsense in ("", "x", "x a dance", "x a new more", "\x00"):
            await client.publish(CHANNEL, nonsense)
        await one.publish("a", "new")
        assert await mine.next(5) == "new"
        assert await drained(mine) == []
    await client.close()
    await client.connection_pool.disconnect()


async def test_closing_ends_the_streams_of_this_process_only(make: Any) -> None:
    one, other = await make(), await make()
    assert await one.connected(5) and await other.connected(5)
    with one.listen("a") as mine, other.listen("a") as theirs:
        one.close()
        assert await mine.next(1) == "closing"
        assert await drained(theirs) == []
        assert (one.listeners("a"), other.listeners("a")) == (1, 1)


async def test_the_last_words_of_a_stopping_process_are_still_told(make: Any) -> None:
    one, other = await make(), await make()
    assert await one.connected(5) and await other.connected(5)
    with other.listen("a") as mine:
        for _ in range(500):
            await one.publish("a", "new")
        await one.stop()
        assert len([await mine.next(5) for _ in range(500)]) == 500


async def test_stopping_without_redis_is_quick() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"redis://127.0.0.1:{probe.getsockname()[1]}/0"
    broker = RedisBroker(nobody)
    await broker.start()
    await broker.publish("a", "new")
    async with asyncio.timeout(2):
        await broker.stop()


def test_an_address_that_cannot_be_read_is_named_without_its_password() -> None:
    with pytest.raises(SettingError, match=r"^REDIS_URL: ") as caught:
        connect("http://:secret@redis")
    assert "secret" not in str(caught.value)
