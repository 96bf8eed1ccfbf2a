"""An account in its stand-in, a database, and the channel between them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from channels.base import Address, Button, Link, Reply
from channels.inbox import Accepted
from channels.media import MediaStore
from channels.reception import Received
from channels.store import Store
from channels.zalo_oa import ZaloOaChannel, build
from tests.fakes.zalo_oa import FakeZaloOa, user_of
from troly.clock import now
from troly.database import async_engine
from troly.privacy import Keyring, new_key
from troly.settings import Settings

BASE = "http://zalo.test"


class Reception:
    """Keeps what a gateway would store."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.others: list[tuple[str, str]] = []
        self.broken: Exception | None = None

    async def receive(self, channel: str, received: Received) -> Accepted | None:
        assert channel == "zalo_oa"
        if self.broken:
            raise self.broken
        self.received.append(received)
        return Accepted(received.message_id, fresh=True)

    async def joined(self, channel: str, external_id: str, display_name: str | None = None) -> None:
        self.others.append(("joined", external_id))

    async def left(self, channel: str, external_id: str) -> None:
        self.others.append(("left", external_id))

    async def erase(self, channel: str, external_id: str) -> None:
        self.others.append(("erase", external_id))


@pytest.fixture
def fake() -> FakeZaloOa:
    """A platform on which nothing has happened yet."""
    made = FakeZaloOa()
    made.hang = made.oauth.hang = 0.01
    return made


@pytest.fixture
def zalo_settings(fake: FakeZaloOa, make_settings: Callable[..., Settings]) -> Callable[..., Settings]:
    """The gateway's settings for the account at an address; more may be given."""

    def make(url: str = BASE, **more: Any) -> Settings:
        return make_settings(**{name.lower(): value for name, value in fake.settings(url).items()} | more)

    return make


@pytest.fixture
def keyring() -> Keyring:
    """With one key."""
    return Keyring([new_key()])


@pytest.fixture
async def store(zalo_settings: Callable[..., Settings]) -> AsyncIterator[Store]:
    """A database with all tables."""
    engine = async_engine(zalo_settings().database)
    yield Store(engine)
    await engine.dispose()


@pytest.fixture
async def http(fake: FakeZaloOa) -> AsyncIterator[httpx.AsyncClient]:
    """Reaches the platform in-process."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(fake.app)) as client:
        yield client


@pytest.fixture
def reception() -> Reception:
    """Takes what comes in."""
    return Reception()


@pytest.fixture
def make_channel(
    zalo_settings: Callable[..., Settings],
    store: Store,
    http: httpx.AsyncClient,
    reception: Reception,
    keyring: Keyring,
) -> Callable[..., ZaloOaChannel]:
    """A channel, as one gateway process has it; settings may be given."""

    def make(**more: Any) -> ZaloOaChannel:
        settings = zalo_settings(**more)
        media = MediaStore(store, http, settings)
        parts: Any = SimpleNamespace(
            settings=settings, store=store, http=http, reception=reception, media=media, keyring=keyring
        )
        channel = build(parts)
        assert channel is not None
        return channel

    return make


@pytest.fixture
def channel(make_channel: Callable[..., ZaloOaChannel], fake: FakeZaloOa) -> ZaloOaChannel:
    """A channel whose webhook the platform reaches."""
    made = make_channel()
    app = FastAPI()
    app.include_router(made.router())
    fake.gateway, fake.transport = "http://gateway.test", httpx.ASGITransport(app)
    return made


@pytest.fixture
async def lan(fake: FakeZaloOa, channel: ZaloOaChannel) -> Address:
    """Where Lan is reached, who has just written."""
    await fake.write("lan", "Xin chào")
    return Address("c" * 32, user_of("lan"), now())


@pytest.fixture
def reply() -> Callable[..., Reply]:
    """Makes replies: buttons by their titles, links by titles and addresses."""

    def make(text: str = "Chào Anh/Chị", **more: Any) -> Reply:
        buttons = [Button(title=title, payload="/greet") for title in more.pop("buttons", [])]
        links = [Link(title=title, url=url) for title, url in more.pop("links", {}).items()]
        return Reply(id="7", text=text, language="vi", buttons=buttons, links=links, **more)

    return make


@pytest.fixture
def deliver(channel: ZaloOaChannel, lan: Address) -> Callable[[Reply], Any]:
    """Sends a whole reply to Lan, as the sender does."""

    async def send(reply: Reply) -> list[str | None]:
        return [await channel.send(lan, part) for part in channel.render(reply)]

    return send
