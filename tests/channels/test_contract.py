"""The contract of all channels (tests/channels/contract.py), case by case on each of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
import structlog

from tests.channels.contract import CASES, Place
from tests.fakes import telegram, zalo_bot, zalo_oa
from tests.fakes.base import Shown

PLATFORMS: dict[str, Callable[[], Any]] = {
    "telegram": telegram.create,
    "zalo_oa": zalo_oa.create,
    "zalo_bot": zalo_bot.create,
}


class PlatformTalk:
    """Citizens of a platform's stand-in."""

    def __init__(self, platform: Any) -> None:
        self.platform = platform
        self.name: str = platform.name
        self.write, self.press = platform.write, platform.press

    async def raw(self, body: bytes, *, signed: bool = True) -> httpx.Response:
        response: httpx.Response = await self.platform.raw(body, signed=signed)
        return response

    async def shown(self, citizen: str) -> list[Shown]:
        return list(self.platform.replies(citizen))

    async def erase(self, citizen: str) -> None:
        """With the command, and with the first button where one is asked to confirm."""
        assert (await self.platform.write(citizen, "/delete")).status_code == 200
        if self.name == "telegram":
            assert (await self.platform.press(citizen, 1)).status_code == 200


class WebTalk:
    """Visitors of the website; one that has not written yet opens a conversation first."""

    name = "web"

    def __init__(self) -> None:
        self.stack: Any = None
        self.visitors: dict[str, Any] = {}
        self.opening = asyncio.Lock()

    async def _visitor(self, citizen: str) -> Any:
        async with self.opening:
            if citizen not in self.visitors:
                self.visitors[citizen] = await self.stack.visitor()
        self.visitors[citizen].http = self.stack.http
        return self.visitors[citizen]

    async def write(self, citizen: str, text: str, *, message_id: str | None = None) -> httpx.Response:
        visitor = await self._visitor(citizen)
        response: httpx.Response = await visitor.send(
            text, **({"client_id": message_id} if message_id else {})
        )
        return response

    async def press(self, citizen: str, button: int) -> httpx.Response:
        visitor = await self._visitor(citizen)
        for line in reversed((await visitor.transcript())["messages"]):
            if line["buttons"]:
                pressed: httpx.Response = await visitor.send(payload=line["buttons"][button - 1]["payload"])
                return pressed
        raise LookupError("no reply has buttons")

    async def raw(self, body: bytes, *, signed: bool = True) -> httpx.Response:
        visitor = await self._visitor("Lan")
        headers = {"Content-Type": "application/json"} | (visitor.headers if signed else {})
        response: httpx.Response = await self.stack.http.post(
            "/api/v1/messages", content=body, headers=headers
        )
        return response

    async def shown(self, citizen: str) -> list[Shown]:
        visitor = await self._visitor(citizen)
        lines = (await visitor.transcript())["messages"][len(visitor.greeting) :]
        return [
            Shown(
                line["text"],
                [button["title"] for button in line["buttons"]],
                [link["url"] for link in line["links"]],
                line["image"],
            )
            for line in lines
            if line["from"] != "citizen"
        ]

    async def erase(self, citizen: str) -> None:
        visitor = self.visitors.pop(citizen)
        response = await self.stack.http.delete("/api/v1/conversation", headers=visitor.headers)
        assert response.status_code == 204


@pytest.fixture
def channel(request: pytest.FixtureRequest) -> str:
    """Which one a cell is about."""
    return str(request.param)


def _in_a_hurry(gateway: Any) -> None:
    for one in gateway.channels.values():
        one.per_second = one.per_chat_second = 100_000.0


@pytest.fixture
async def place(
    channel: str, start: Any, serve: Any, rasa: Any, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Place]:
    """The channel with its platform, a gateway, and a Rasa."""
    from channels import media

    async def no_network(_host: str) -> list[Any]:
        raise OSError("tests have no network")

    monkeypatch.setattr(media, "_resolve", no_network)
    async with AsyncExitStack() as everything:
        platform: Any = None
        given: dict[str, Any] = {"rasa_url": rasa.url}
        if channel in PLATFORMS:
            platform = PLATFORMS[channel]()
            platform.hang = 0.2
            address = await everything.enter_async_context(serve(platform.app))
            given |= {name.lower(): value for name, value in platform.settings(address).items()}
        talk: Any = PlatformTalk(platform) if platform else WebTalk()
        running = await everything.enter_async_context(AsyncExitStack())

        async def begin() -> None:
            place.stack = await running.enter_async_context(start(prepare=_in_a_hurry, **given))
            if platform:
                platform.gateway = str(place.stack.http.base_url)
            else:
                talk.stack = place.stack

        async def restart() -> None:
            await place.stack.gateway.delivery.kill()
            await place.stack.gateway.sender.kill()
            await running.aclose()
            await begin()

        place = Place(talk, None, rasa, platform, restart)
        await begin()
        with structlog.testing.capture_logs() as lines:
            yield place
        if platform:
            assert platform.violations == []
            secrets = [value for name, value in given.items() if name.endswith(("_token", "_secret", "_key"))]
            assert not [secret for secret in secrets if secret and secret in repr(lines)]


CELLS = [
    pytest.param(channel, name, id=f"{channel}-{name}")
    for name, (_, on) in CASES.items()
    for channel in sorted(on)
]


@pytest.mark.parametrize(("channel", "name"), CELLS, indirect=["channel"])
async def test_contract(place: Place, name: str) -> None:
    """One cell of the matrix."""
    run, _ = CASES[name]
    await run(place)
