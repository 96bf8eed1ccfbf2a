"""Requests over real sockets: what comes back, and what is known when nothing does."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from channels import rasa_wire
from channels.rasa_wire import Late, NotReached, Refused, Wire, WireError

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter, bytes], Awaitable[None]]


@asynccontextmanager
async def listening(answer: Answer) -> AsyncIterator[tuple[Wire, str, list[bytes]]]:
    """A server whose connections are answered so, a request at a time; and a wire to it."""
    seen: list[bytes] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                sizes = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
                body = await reader.readexactly(int(sizes[0].split(b":")[1])) if sizes else b""
                seen.append(head + body)
                await answer(reader, writer, body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    wire = Wire()
    try:
        yield wire, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x", seen
    finally:
        await wire.close()
        server.close()


async def echoed(_: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


async def test_json_goes_there_and_the_answer_comes_back_on_one_connection() -> None:
    async with listening(echoed) as (wire, address, seen):
        for number in range(3):
            status, content = await wire.post(address, {"text": "đã nộp", "n": number}, 5, {"X-Trace": "t"})
            assert (status, json.loads(content)) == (200, {"text": "đã nộp", "n": number})
        assert await wire.status(address, 5) == 200
    assert b"X-Trace: t" in seen[0] and b"POST /x " in seen[0] and b"GET /x " in seen[3]


async def test_a_status_is_no_error_and_nobody_is_led_elsewhere() -> None:
    async def elsewhere(_: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> None:
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n")

    async with listening(elsewhere) as (wire, address, seen):
        assert (await wire.post(address, {}, 5))[0] == 302
        assert await wire.status(address, 5) == 302
    assert len(seen) == 2


async def test_where_nobody_listens_nothing_was_read(free_port: int) -> None:
    wire = Wire()
    with pytest.raises(Refused):
        await wire.post(f"http://127.0.0.1:{free_port}/x", {}, 5)
    await wire.close()


async def test_a_connection_that_does_not_come_about_was_read_by_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rasa_wire, "CONNECTING", 0.2)
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    waiting = []
    for _ in range(4):  # more than the kernel keeps for one that never accepts
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(full.getsockname())
        waiting.append(one)
    wire = Wire()
    with pytest.raises(NotReached) as caught:
        await wire.post(f"http://127.0.0.1:{full.getsockname()[1]}/x", {}, 5)
    assert not isinstance(caught.value, Refused)
    await wire.close()
    for one in (full, *waiting):
        one.close()


async def test_what_was_sent_may_have_been_read_where_the_answer_is_late() -> None:
    async def silent(*_: object) -> None:
        await asyncio.sleep(30)

    async with listening(silent) as (wire, address, seen):
        with pytest.raises(Late):
            await wire.post(address, {}, 0.2)
        with pytest.raises(Late):
            await wire.status(address, 0.2)
        assert seen


@pytest.mark.parametrize(
    "words",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", b"no HTTP\r\n\r\n"],
    ids=["nothing", "half", "other"],
)
async def test_a_broken_answer_is_no_missing_connection(words: bytes) -> None:
    async def breaks(_: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> None:
        writer.write(words)
        raise ConnectionError

    async with listening(breaks) as (wire, address, seen):
        with pytest.raises(WireError) as caught:
            await wire.post(address, {}, 5)
        assert not isinstance(caught.value, NotReached | Late)
        assert len(seen) == 1  # a message is not sent twice by itself


async def test_one_that_was_never_used_is_closed_as_well() -> None:
    await Wire().close()
