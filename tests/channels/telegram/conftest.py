"""The channel before a strict Telegram, with a reception that only notes what it was given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from channels.base import Address
from channels.inbox import Accepted
from channels.store import Store
from channels.telegram import build
from channels.telegram.channel import TelegramChannel
from tests.fakes.telegram import FakeTelegram
from troly.database import async_engine
from troly.privacy import Keyring, new_key


class NotedReception:
    """Stands in for channels.reception.Reception."""

    def __init__(self) -> None:
        self.received: list[Any] = []
        self.joined_chats: list[str] = []
        self.left_chats: list[str] = []
        self.erased: list[str] = []
        self.fault: Exception | None = None
        self.flooded = False
        self._ids: dict[str, str] = {}

    async def receive(self, channel: str, received: Any) -> Accepted | None:
        assert channel == "telegram"
        if self.fault:
            raise self.fault
        if self.flooded:
            return None
        fresh = received.message_id not in self._ids
        if fresh:
            self.received.append(received)
        return Accepted(self._ids.setdefault(received.message_id, str(len(self._ids))), fresh)

    async def joined(self, channel: str, external_id: str, display_name: str | None = None) -> None:
        self.joined_chats.append(external_id)

    async def left(self, channel: str, external_id: str) -> None:
        self.left_chats.append(external_id)

    async def erase(self, channel: str, external_id: str) -> None:
        if self.fault:
            raise self.fault
        self.erased.append(external_id)

    async def until(self, count: int) -> None:
        """Wait until so many messages came in."""
        async with asyncio.timeout(5):
            while len(self.received) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


class Bench:
    """A channel that is served, its Telegram and its reception."""

    def __init__(self, fake: FakeTelegram, channel: TelegramChannel, reception: NotedReception) -> None:
        self.fake = fake
        self.channel = channel
        self.reception = reception

    @property
    def last(self) -> Any:
        """The last message that was received."""
        return self.reception.received[-1]

    async def settle(self) -> None:
        """Let what runs beside the answer come to its end."""
        await self.channel._intake.finish(5)

    async def say(self, address: Address, reply: Any) -> list[str | None]:
        """Render and send a reply."""
        return [await self.channel.send(address, part) for part in self.channel.render(reply)]


@pytest.fixture
def fake() -> FakeTelegram:
    """A Telegram whose webhooks go to http://gateway."""
    made = FakeTelegram("http://gateway")
    made.hang = 0.1
    return made


@pytest.fixture
def reception() -> NotedReception:
    """Notes what it is given."""
    return NotedReception()


@pytest.fixture
def telegram_settings(make_settings: Callable[..., Any], fake: FakeTelegram) -> Callable[..., Any]:
    """Settings for a Telegram that is served at an address."""

    def make(url: str, **given: Any) -> Any:
        named = {name.lower(): value for name, value in fake.settings(url).items()}
        return make_settings(**(named | given))

    return make


@pytest.fixture
def bench_on(
    fake: FakeTelegram,
    reception: NotedReception,
    serve: Callable[..., Any],
    telegram_settings: Callable[..., Any],
) -> Callable[..., Any]:
    """Makes a bench: `async with bench_on(telegram_mode="polling") as bench`; it is not started."""

    @asynccontextmanager
    async def making(url: str | None = None, **given: Any) -> AsyncIterator[Bench]:
        async with serve(fake.app) as served, httpx.AsyncClient(trust_env=False) as http:
            settings = telegram_settings(url or served, **given)
            database = async_engine(settings.database)
            parts = SimpleNamespace(
                settings=settings,
                store=Store(database),
                keyring=Keyring([new_key()]),
                http=http,
                reception=reception,
            )
            channel = build(parts)  # type: ignore[arg-type]
            assert channel is not None
            app = FastAPI()
            app.include_router(channel.router())
            fake.transport = httpx.ASGITransport(app)
            try:
                yield Bench(fake, channel, reception)
            finally:
                await channel.stop()
                await database.dispose()

    return making


@pytest.fixture
async def bench(bench_on: Callable[..., Any], fake: FakeTelegram) -> AsyncIterator[Bench]:
    """A bench with a webhook; at its end Telegram had nothing to complain of."""
    async with bench_on() as made:
        yield made
    assert fake.violations == []


@pytest.fixture
def address_of() -> Callable[[object], Address]:
    """Where a chat is reached."""
    return lambda chat: Address("c" * 32, str(chat), datetime.now(UTC))
