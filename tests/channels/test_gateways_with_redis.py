"""Two gateways on one database and one Redis: one takes the message, the other holds the stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.channels.redis_server import RedisServer, running_redis

pytestmark = pytest.mark.redis


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A server of this test's own."""
    with running_redis() as started:
        yield started


@pytest.fixture
def two(start: Any, rasa: Any, server: RedisServer) -> Callable[..., Any]:
    """Starts two gateways: `async with two() as (one, other)`."""

    @asynccontextmanager
    async def starting(**given: Any) -> AsyncIterator[tuple[Any, Any]]:
        settings = {"rasa_url": rasa.url, "redis_url": server.url} | given
        async with start(**settings) as one, start(**settings) as other:
            for stack in (one, other):
                assert await stack.app.state.gateway.broker.connected(5)
            yield one, other

    return starting


@asynccontextmanager
async def stream(http: httpx.AsyncClient, token: str) -> AsyncIterator[Callable[[str], Any]]:
    """The open event stream; gives a function that waits for the next event of a kind."""
    headers = {"Authorization": f"Bearer {token}"}
    async with http.stream("GET", "/api/v1/events", headers=headers) as response:
        assert response.status_code == 200
        lines = response.aiter_lines()

        async def following(kind: str, seconds: float = 5.0) -> dict[str, Any]:
            async with asyncio.timeout(seconds):
                async for line in lines:
                    if line == f"event: {kind}":
                        return dict(json.loads((await anext(lines)).removeprefix("data: ")))
            raise AssertionError(f"the stream ended before {kind}")

        yield following


async def open_conversation(http: httpx.AsyncClient) -> tuple[str, dict[str, str]]:
    """A new conversation's token, and its header."""
    opened = (await http.post("/api/v1/conversations", json={})).json()
    return opened["token"], {"Authorization": f"Bearer {opened['token']}"}


async def ask(http: httpx.AsyncClient, headers: dict[str, str], text: str) -> int:
    """Send a message; gives the status."""
    body = {"text": text, "client_id": text.encode().hex()}
    return (await http.post("/api/v1/messages", json=body, headers=headers)).status_code


async def greeted(following: Callable[[str], Any], text: str) -> dict[str, Any]:
    """The reply to a text; the greeting comes before it."""
    while True:
        reply = await following("reply")
        if text in reply["text"]:
            return dict(reply)


async def test_the_answer_reaches_the_stream_of_the_other_gateway_at_once(two: Any) -> None:
    async with two() as (one, other):
        token, headers = await open_conversation(one.http)
        async with stream(other.http, token) as following:
            for number in range(5):
                assert await ask(one.http, headers, f"tin {number}") == 202
                # Far less than the stream's heartbeat of 15 s, after which it would look by itself.
                reply = await asyncio.wait_for(greeted(following, f"tin {number}"), 3)
                assert reply["from"] == "bot"


async def test_the_stream_goes_on_after_redis_was_killed_and_came_back(two: Any, server: RedisServer) -> None:
    async with two() as (one, other):
        token, headers = await open_conversation(one.http)
        async with stream(other.http, token) as following:
            await ask(one.http, headers, "trước")
            await greeted(following, "trước")
            server.kill()
            assert await ask(one.http, headers, "trong lúc mất") == 202, "citizens get in without Redis"
            server.start()
            await asyncio.wait_for(greeted(following, "trong lúc mất"), 10)
            assert await one.app.state.gateway.broker.connected(10)
            assert await ask(one.http, headers, "sau") == 202
            await asyncio.wait_for(greeted(following, "sau"), 5)


async def test_the_limit_counts_over_both(two: Any) -> None:
    async with two(messages_per_minute=4) as (one, other):
        _, headers = await open_conversation(one.http)
        found = [await ask(stack.http, headers, f"{n}") for n, stack in enumerate([one, other] * 3)]
        assert found == [202] * 4 + [429] * 2
