"""The limits that several processes share, and what happens when Redis goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import structlog

from channels.errors import ApiError
from channels.limits import ADDRESS_FACTOR, BURST
from channels.redis_broker import connect
from channels.redis_limits import RedisBuckets, RedisLimits, SharedCounts
from tests.channels.redis_server import RedisServer, running_redis
from troly.settings import Settings

pytestmark = pytest.mark.redis


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A server of this test's own."""
    with running_redis() as started:
        yield started


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def share(server: RedisServer) -> AsyncIterator[Callable[..., SharedCounts]]:
    """Makes what a process has."""
    made: list[SharedCounts] = []

    def make(clock: Clock | None = None) -> SharedCounts:
        made.append(SharedCounts(server.url, "a key", clock or Clock()))
        return made[-1]

    yield make
    for shared in made:
        await shared.stop()


async def test_two_processes_share_one_bucket(share: Any) -> None:
    one, other = (RedisBuckets(share(), "message", 4, 3600) for _ in range(2))
    taken = [await bucket.take("a") for bucket in (one, other, one, other)]
    assert taken == [0.0] * 4
    assert 800 < await one.take("a") <= 900
    assert 800 < await other.take("a") <= 900
    assert await other.take("b") == 0.0


async def test_many_at_once_get_no_more_than_the_bucket_holds(share: Any) -> None:
    buckets = [RedisBuckets(share(), "message", 10, 3600) for _ in range(3)]
    with structlog.testing.capture_logs() as logs:
        waits = await asyncio.gather(*(buckets[i % 3].take("a") for i in range(600)))
    assert sum(wait == 0.0 for wait in waits) == 10
    assert logs == [], "a crowd is no outage"


async def test_a_bucket_fills_again_evenly(share: Any) -> None:
    bucket = RedisBuckets(share(), "message", 2, 0.4)
    assert [await bucket.take("a") for _ in range(2)] == [0.0, 0.0]
    wait = await bucket.take("a")
    assert 0 < wait <= 0.2
    await asyncio.sleep(wait + 0.02)
    assert await bucket.take("a") == 0.0
    assert await bucket.take("a") > 0


async def test_names_keep_buckets_apart_and_redis_learns_no_addresses(
    share: Any, server: RedisServer
) -> None:
    shared = share()
    await RedisBuckets(shared, "request", 1, 60).take("203.0.113.9")
    assert await RedisBuckets(shared, "conversation", 1, 60).take("203.0.113.9") == 0.0
    client = connect(server.url)
    keys = await client.keys("*")
    assert len(keys) == 2
    assert not any("203" in key for key in keys)
    lives = [await client.pttl(key) for key in keys]
    assert all(0 < life <= 61_000 for life in lives), "nothing is kept for ever"
    await client.close()
    await client.connection_pool.disconnect()


async def test_without_redis_each_process_counts_for_itself_and_says_so_once(
    share: Any, server: RedisServer
) -> None:
    clock = Clock()
    bucket = RedisBuckets(share(clock), "message", 2, 3600)
    assert await bucket.take("a") == 0.0
    server.kill()
    with structlog.testing.capture_logs() as logs:
        taken = [await bucket.take("a") for _ in range(3)]
        assert taken[:2] == [0.0, 0.0]
        assert taken[2] > 0
        clock.now += 10
        assert await bucket.take("b") == 0.0
        server.start()
        clock.now += 10
        assert [await bucket.take("a") for _ in range(2)] == [0.0, 0.0]  # counted in Redis, which was emptied
        assert await bucket.take("a") > 0
    assert [line["event"] for line in logs] == ["limits_without_redis", "limits_with_redis"]


async def test_a_redis_that_hangs_costs_one_request_half_a_second_and_the_next_nothing(
    share: Any, server: RedisServer
) -> None:
    bucket = RedisBuckets(share(), "message", 100, 60)
    await bucket.take("a")
    server.freeze()
    try:
        loop = asyncio.get_running_loop()
        started = loop.time()
        assert await bucket.take("a") == 0.0
        assert loop.time() - started < 5
        started = loop.time()
        assert await bucket.take("a") == 0.0
        assert loop.time() - started < 0.4
    finally:
        server.thaw()


async def test_the_limits_are_those_of_the_settings(
    server: RedisServer, make_settings: Callable[..., Settings]
) -> None:
    limits = RedisLimits(make_settings(redis_url=server.url, messages_per_minute=2, conversations_per_hour=1))
    try:
        for _ in range(2):
            await limits.message("a")
        with pytest.raises(ApiError) as refused:
            await limits.message("a")
        assert (refused.value.status, refused.value.code) == (429, "rate_limited")
        assert refused.value.retry_after and 1 <= refused.value.retry_after <= 30
        await limits.message("b")
        await limits.conversation("2001:db8::1")
        with pytest.raises(ApiError) as refused:
            await limits.conversation("2001:db8::2")  # the same house
        assert refused.value.code == "too_many_conversations"
        for _ in range(ADDRESS_FACTOR * 2 // BURST):
            await limits.request("203.0.113.9")
        with pytest.raises(ApiError):
            await limits.request("203.0.113.9")
    finally:
        await limits.stop()
