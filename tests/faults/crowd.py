"""Citizens on all four channels who write at their own pace, and what they were shown and when.

A citizen's platform brings a message again until a gateway has taken it, and brings the citizen's next
one after that: so the answers have one right order.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from random import Random
from time import perf_counter
from typing import Any

import httpx

from tests.channels.conftest import serving
from tests.channels.talks import PLATFORMS

CHANNELS = ("telegram", "web", "zalo_bot", "zalo_oa")

OPENING = "/api/v1/conversations"
"""A visitor's first request; no message."""

_ANSWER = re.compile(r"đáp (\d+)")
_PAUSES = (0.3, 1.0, 2.0, 5.0)
_AGAIN = 0.03
"""Of the messages are brought a second time though the first was acknowledged: no platform promises once."""
_CHAIN = httpx.Limits(max_connections=1000, max_keepalive_connections=300, keepalive_expiry=5)


class Entrance(httpx.AsyncBaseTransport):
    """What stands before the gateways: takes them in turn, and the next one when one is not there."""

    def __init__(self, ports: list[int]) -> None:
        self.seconds: list[float] = []
        """Of each request that was answered with success."""
        self.refused: Counter[str] = Counter()
        self._ports = ports
        self._turn = itertools.count()
        self._inner = httpx.AsyncHTTPTransport(verify=False, limits=_CHAIN)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        first = request.extensions.get("door", next(self._turn))
        measured = request.method == "POST" and request.url.path != OPENING
        for port in (self._ports[(first + step) % len(self._ports)] for step in range(len(self._ports))):
            request.url = request.url.copy_with(host="127.0.0.1", port=port, scheme="http")
            started = perf_counter()
            try:
                response = await self._inner.handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
            if measured and response.status_code in (200, 202):
                self.seconds.append(perf_counter() - started)
            elif measured:
                self.refused[f"status {response.status_code}"] += 1
            return response
        self.refused["nobody there"] += measured
        raise httpx.ConnectError("no gateway takes connections")

    async def aclose(self) -> None:
        """Clients come and go, it stays."""

    async def close(self) -> None:
        """At the end."""
        await self._inner.aclose()


class Calls(list[Any]):
    """The calls that a platform's stand-in keeps; notes when an answer came first."""

    def __init__(self, answered: dict[int, float]) -> None:
        super().__init__()
        self._answered = answered

    def append(self, call: Any) -> None:
        if found := _ANSWER.search(str(call)):
            self._answered.setdefault(int(found[1]), perf_counter())


class Crowd:
    """All citizens."""

    def __init__(self, citizens: int, ports: list[int], seed: int = 7) -> None:
        """An equal share of them on each channel. `ports` may be filled until open()."""
        self.entrance = Entrance(ports)
        self.citizens = [(CHANNELS[number % 4], f"Người {number}") for number in range(citizens)]
        self.platforms: dict[str, Any] = {}
        self.written: dict[int, float] = {}
        """Message -> when it was brought first."""
        self.answered: dict[int, float] = {}
        """Message -> when its answer came first."""
        self.channel_of: dict[int, str] = {}
        self.asked: dict[tuple[str, str], list[int]] = defaultdict(list)
        self.brought_again = 0
        self._visitors: dict[str, Visitor] = {}
        self._random = Random(seed)
        self._numbers = itertools.count(1)

    @asynccontextmanager
    async def platforms_open(self) -> AsyncIterator[dict[str, str]]:
        """Serve the platforms; gives the gateway's settings for them."""
        settings: dict[str, str] = {}
        from contextlib import AsyncExitStack

        async with AsyncExitStack() as stack:
            for name, create in PLATFORMS.items():
                platform = self.platforms[name] = create()
                platform.gateway, platform.transport = "http://gateway.test", self.entrance
                platform.calls = Calls(self.answered)
                platform.quota = 10**9
                platform.retry_pauses = ()  # talk() brings again by itself, on every platform alike
                platform.hang = 1.0
                address = await stack.enter_async_context(serving(platform.app))
                settings |= platform.settings(address)
            resetting = asyncio.create_task(self._minutes())
            try:
                yield settings
            finally:
                resetting.cancel()

    async def _minutes(self) -> None:
        while True:  # Zalo's allowance is for a minute
            self.platforms["zalo_oa"].remain = 4000
            await asyncio.sleep(5)

    @asynccontextmanager
    async def inside(self) -> AsyncIterator[None]:
        """Visitors of the website have their pages open."""
        at_once = asyncio.Semaphore(8)
        async with asyncio.TaskGroup() as group:
            for number, (channel, citizen) in enumerate(self.citizens):
                if channel == "web":
                    self._visitors[citizen] = Visitor(self.entrance, number, self.answered)
                    group.create_task(self._visitors[citizen].open(at_once))
        streams = [asyncio.create_task(visitor.read()) for visitor in self._visitors.values()]
        try:
            yield
        finally:
            for stream in streams:
                stream.cancel()
            await asyncio.gather(*streams, return_exceptions=True)

    async def write(self, messages: int, seconds: float) -> None:
        """So many messages in so much time, at random moments; returns when all are taken."""
        start = perf_counter()
        shares = [messages // len(self.citizens)] * len(self.citizens)
        for number in range(messages % len(self.citizens)):
            shares[number] += 1
        async with asyncio.TaskGroup() as group:
            for (channel, citizen), share in zip(self.citizens, shares, strict=True):
                moments = sorted(start + self._random.random() * seconds for _ in range(share))
                group.create_task(self._talk(channel, citizen, moments))

    async def _talk(self, channel: str, citizen: str, moments: list[float]) -> None:
        for moment in moments:
            await asyncio.sleep(max(0.0, moment - perf_counter()))
            number = next(self._numbers)
            self.channel_of[number] = channel
            self.asked[channel, citizen].append(number)
            self.written[number] = perf_counter()
            await self._bring(channel, citizen, number)
            if self._random.random() < _AGAIN:
                self.brought_again += 1
                await self._bring(channel, citizen, number)

    async def _bring(self, channel: str, citizen: str, number: int) -> None:
        text = f"tin {number} làm giấy khai sinh cho con cần gì"
        for pause in itertools.chain(_PAUSES, itertools.repeat(_PAUSES[-1])):
            try:
                if channel == "web":
                    response = await self._visitors[citizen].write(text, f"c{number}")
                else:
                    platform = self.platforms[channel]
                    response = await platform.write(citizen, text, message_id=f"m{number}")
                if response.status_code in (200, 202):
                    return
            except httpx.TransportError as error:
                if not isinstance(error, httpx.ConnectError):
                    self.entrance.refused["cut off"] += 1
            await asyncio.sleep(pause * self._random.uniform(0.7, 1.3))

    def shown(self, channel: str, citizen: str) -> list[int]:
        """The numbers of the answers that a citizen was shown, in order."""
        if channel == "web":
            return self._visitors[citizen].shown if citizen in self._visitors else []
        texts = (shown.text for shown in self.platforms[channel].replies(citizen))
        return [int(found[1]) for text in texts if (found := _ANSWER.search(text))]

    def verdict(self, recorded: Mapping[int, int]) -> dict[str, int]:
        """What went wrong, if anything; `recorded`: message -> repetitions that the outbox tells of."""
        lost = doubled = repeated = unordered = 0
        for (channel, citizen), asked in self.asked.items():
            shown = self.shown(channel, citizen)
            counts = Counter(shown)
            lost += sum(number not in counts for number in asked)
            more = [number for number, count in counts.items() if count > 1]
            repeated += sum(counts[number] - 1 for number in more if recorded.get(number))
            doubled += sum(counts[number] - 1 for number in more if not recorded.get(number))
            # A repetition comes right after what it repeats.
            unordered += [number for number, _ in itertools.groupby(shown)] != [
                number for number in asked if number in counts
            ]
        return {
            "written": len(self.written),
            "brought_again": self.brought_again,
            "lost": lost,
            "doubled": doubled,
            "repeated_and_recorded": repeated,
            "citizens_out_of_order": unordered,
        }


class Visitor:
    """A page of the website: posts to one gateway, and listens at another where there are two."""

    def __init__(self, entrance: Entrance, door: int, answered: dict[int, float]) -> None:
        self.shown: list[int] = []
        self._door = door
        self._answered = answered
        self._http = httpx.AsyncClient(transport=entrance, base_url="http://gateway.test", timeout=30)
        self._headers: dict[str, str] = {}
        self._last = ""

    async def open(self, at_once: asyncio.Semaphore) -> None:
        """Begin a conversation."""
        async with at_once:
            response = await self._http.post(OPENING, json={}, extensions=self._extensions(0))
        assert response.status_code == 200, response.text
        self._headers = {"Authorization": f"Bearer {response.json()['token']}"}

    async def write(self, text: str, client_id: str) -> httpx.Response:
        """Send a message."""
        body = {"text": text, "client_id": client_id}
        return await self._http.post(
            "/api/v1/messages", json=body, headers=self._headers, extensions=self._extensions(0)
        )

    async def read(self) -> None:
        """Listen, and again where it broke off, as a browser does."""
        while True:
            headers = self._headers | ({"Last-Event-ID": self._last} if self._last else {})
            try:
                async with self._http.stream(
                    "GET", "/api/v1/events", headers=headers, timeout=40, extensions=self._extensions(1)
                ) as response:
                    await self._listen(response)
            except httpx.TransportError:
                pass
            await asyncio.sleep(1.0)

    async def _listen(self, response: httpx.Response) -> None:
        event: dict[str, str] = {}
        async for line in response.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                event[name] = value
                continue
            self._last = event.get("id", self._last)
            if event.get("event") == "reply" and (found := _ANSWER.search(json.loads(event["data"])["text"])):
                self.shown.append(int(found[1]))
                self._answered.setdefault(int(found[1]), perf_counter())
            event = {}

    def _extensions(self, offset: int) -> dict[str, Any]:
        timeout = httpx.Timeout(40 if offset else 30).as_dict()
        return {"door": self._door // 4 + offset, "timeout": timeout}
