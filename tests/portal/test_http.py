"""Asking a server that misbehaves: time-outs, retries, sizes, the breaker."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from portal.breaker import Breaker
from portal.errors import PortalProtocolError, PortalRejected, PortalUnavailable
from portal.http import USER_AGENT, Http
from portal.transport import MAX_BODY


def reply(status: str = "200 OK", body: bytes = b'{"a": 1}', headers: str = "") -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    )
    return head.encode() + body


def script(*answers: bytes) -> tuple[Callable[..., Any], list[float]]:
    """A handler that gives the answers one after another, and the times of the questions."""
    times: list[float] = []

    async def handler(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        times.append(time.monotonic())
        writer.write(answers[min(len(times), len(answers)) - 1])
        await writer.drain()

    return handler, times


async def test_the_json_of_an_answer_is_returned(misbehaving: Any) -> None:
    handler, times = script(reply("201 Created"))
    async with misbehaving(handler) as url:
        http = Http(url)
        assert await http.json("POST", "/x", body={"b": 2}) == {"a": 1}
        await http.aclose()
    assert len(times) == 1


async def test_the_user_agent_is_long_and_names_us() -> None:
    seen: list[bytes] = []

    async def spy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(reply())
        writer.close()

    server = await asyncio.start_server(spy, "127.0.0.1", 0)
    http = Http(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    await http.json("GET", "/")
    await http.aclose()
    server.close()
    assert USER_AGENT.encode() in seen[0] and b"TroLy" in seen[0] and len(USER_AGENT) > 80


@pytest.mark.parametrize("status", ["502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout"])
async def test_a_server_that_says_not_now_is_asked_again(misbehaving: Any, status: str) -> None:
    handler, times = script(reply(status), reply(status), reply())
    async with misbehaving(handler) as url:
        http = Http(url)
        assert await http.json("GET", "/") == {"a": 1}
        await http.aclose()
    assert len(times) == 3


async def test_the_number_of_attempts_is_bounded(misbehaving: Any) -> None:
    handler, times = script(reply("503 Service Unavailable"))
    async with misbehaving(handler) as url:
        http = Http(url, attempts=3)
        with pytest.raises(PortalUnavailable) as caught:
            await http.json("GET", "/")
        await http.aclose()
    assert caught.value.reason == "server" and len(times) == 3


async def test_retry_after_is_obeyed_where_it_is_short(misbehaving: Any) -> None:
    handler, times = script(reply("429 Too Many Requests", headers="Retry-After: 0.6\r\n"), reply())
    async with misbehaving(handler) as url:
        http = Http(url)
        assert await http.json("GET", "/") == {"a": 1}
        await http.aclose()
    assert times[1] - times[0] >= 0.6


async def test_a_long_retry_after_is_an_error_at_once(misbehaving: Any) -> None:
    handler, times = script(reply("429 Too Many Requests", headers="Retry-After: 3600\r\n"))
    async with misbehaving(handler) as url:
        http = Http(url)
        with pytest.raises(PortalUnavailable) as caught:
            await http.json("GET", "/")
        await http.aclose()
    assert caught.value.reason == "server" and len(times) == 1


@pytest.mark.parametrize("status", ["500 Internal Server Error", "501 Not Implemented"])
async def test_an_error_that_says_more_than_not_now_is_not_repeated(misbehaving: Any, status: str) -> None:
    handler, times = script(reply(status))
    async with misbehaving(handler) as url:
        http = Http(url)
        with pytest.raises(PortalUnavailable):
            await http.json("GET", "/")
        await http.aclose()
    assert len(times) == 1


async def test_a_refusal_is_not_repeated_and_does_not_open_the_breaker(misbehaving: Any) -> None:
    handler, times = script(reply("403 Forbidden"))
    async with misbehaving(handler) as url:
        http = Http(url, breaker=Breaker(threshold=1))
        with pytest.raises(PortalRejected) as caught:
            await http.json("GET", "/")
        assert http.breaker.state == "closed"
        await http.aclose()
    assert caught.value.status == 403 and len(times) == 1


async def test_a_silent_server_times_out_once(misbehaving: Any) -> None:
    calls = 0

    async def silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        await asyncio.sleep(5)

    async with misbehaving(silent) as url:
        http = Http(url, timeout=0.3)
        start = time.monotonic()
        with pytest.raises(PortalUnavailable) as caught:
            await http.json("GET", "/")
        await http.aclose()
    assert caught.value.reason == "timeout" and time.monotonic() - start < 10 and calls == 1


async def test_a_server_that_drips_times_out_too(misbehaving: Any) -> None:
    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.1)

    async with misbehaving(drip) as url:
        http = Http(url, timeout=0.5)
        start = time.monotonic()
        with pytest.raises(PortalUnavailable) as caught:
            await http.json("GET", "/")
        await http.aclose()
    assert caught.value.reason == "timeout" and time.monotonic() - start < 10


async def test_nobody_listening_is_a_connection_error() -> None:
    http = Http("http://127.0.0.1:9", attempts=2)
    with pytest.raises(PortalUnavailable) as caught:
        await http.json("GET", "/")
    await http.aclose()
    assert caught.value.reason == "connection"


async def test_a_connection_that_breaks_is_tried_again(misbehaving: Any) -> None:
    calls = 0

    async def once(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        if calls > 1:
            writer.write(reply())

    async with misbehaving(once) as url:
        http = Http(url)
        assert await http.json("GET", "/") == {"a": 1}
        await http.aclose()
    assert calls == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 29\r\n\r\nRequest Rejected <html></html",
        reply(body=b'{"code": "OK", "data": {"items": ['),
        reply(body=b""),
        reply(body=b"\xff\xfe\x00"),
        reply(body=b"[" * 100_000),
        reply("302 Found", headers="Location: http://127.0.0.1:9/\r\n"),
        reply(body=b"not gzip", headers="Content-Encoding: gzip\r\n"),
    ],
    ids=["firewall", "cut off", "empty", "binary", "deep", "redirect", "bad gzip"],
)
async def test_an_answer_that_is_not_json_is_a_protocol_error(misbehaving: Any, answer: bytes) -> None:
    handler, _ = script(answer)
    async with misbehaving(handler) as url:
        http = Http(url)
        with pytest.raises(PortalProtocolError) as caught:
            await http.json("GET", "/")
        await http.aclose()
    assert caught.value.reason == "protocol"


async def test_too_large_an_answer_is_refused_also_when_it_was_packed(misbehaving: Any) -> None:
    bomb = gzip.compress(json.dumps("x" * (MAX_BODY + 1)).encode())
    handler, _ = script(reply(body=bomb, headers="Content-Encoding: gzip\r\n"))
    async with misbehaving(handler) as url:
        http = Http(url)
        with pytest.raises(PortalProtocolError, match="more than 5 MB"):
            await http.json("GET", "/")
        await http.aclose()
    assert len(bomb) < 100_000


async def test_a_dead_server_is_left_alone_and_found_again(misbehaving: Any) -> None:
    handler, times = script(*[reply("500 Internal Server Error")] * 2, reply())
    async with misbehaving(handler) as url:
        http = Http(url, breaker=Breaker(threshold=2, pause=0.3))
        reasons = []
        for _ in range(4):
            with pytest.raises(PortalUnavailable) as caught:
                await http.json("GET", "/")
            reasons.append(caught.value.reason)
        assert reasons == ["server", "server", "breaker", "breaker"] and len(times) == 2
        await asyncio.sleep(0.35)
        assert await http.json("GET", "/") == {"a": 1}
        assert http.breaker.state == "closed"
        await http.aclose()
