"""The platform's stand-in, and what a channel needs of the gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from channels.base import Address, Button, Link, Reply
from channels.zalo_bot.client import ZaloBotClient
from channels.zalo_bot.sending import Sending
from tests.fakes.zalo_bot import FakeZaloBot, chat_of

BASE = "http://platform.test"


@pytest.fixture
def fake() -> FakeZaloBot:
    """A platform to which the citizen "lan" has written before."""
    made = FakeZaloBot()
    made._shown[chat_of("lan")] = []
    return made


@pytest.fixture
async def http(fake: FakeZaloBot) -> AsyncIterator[httpx.AsyncClient]:
    """Reaches the platform in-process."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(fake.app)) as client:
        yield client


@pytest.fixture
def client(fake: FakeZaloBot, http: httpx.AsyncClient) -> ZaloBotClient:
    """Calls the platform."""
    return ZaloBotClient(http, BASE, fake.token)


@pytest.fixture
def sending(client: ZaloBotClient) -> Sending:
    """Sends to the platform."""
    return Sending(client)


@pytest.fixture
def lan() -> Address:
    """Where Lan is reached."""
    return Address("c" * 32, chat_of("lan"), None)


@pytest.fixture
def reply() -> Callable[..., Reply]:
    """Makes replies: buttons by their titles, links by their addresses."""

    def make(text: str = "Xin chào", language: str = "vi", **more: Any) -> Reply:
        buttons = [Button(title=title, payload="/greet") for title in more.pop("buttons", [])]
        links = [Link(title="Nguồn", url=url) for url in more.pop("links", [])]
        return Reply(id="7", text=text, language=language, buttons=buttons, links=links, **more)

    return make
