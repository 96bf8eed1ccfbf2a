"""Citizens whose platform brings a message again until a gateway has taken it, as all platforms do."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import httpx

from tests.fakes import telegram, zalo_bot, zalo_oa

PLATFORMS: dict[str, Callable[[], Any]] = {
    "telegram": telegram.create,
    "zalo_oa": zalo_oa.create,
    "zalo_bot": zalo_bot.create,
}

Act = Callable[[], Awaitable[None]]

_QUESTIONS = {"long": "kể hết"}
_PAUSE = 0.05
"""Until a webhook that was not taken is brought again; in truth seconds to an hour."""


class Talk(Protocol):
    """Someone who writes on a channel."""

    name: str
    platform: Any

    async def write(self, citizen: str, text: str) -> None:
        """Write, and be sure that it was taken."""
        ...

    async def prepared(self, citizen: str, what: str) -> Act:
        """Something that is ready to be done with one call: "question", "long", "erase"…"""
        ...

    async def shown(self, citizen: str) -> list[str]:
        """What the citizen sees of the assistant."""
        ...


class Doors:
    """The gateways as a load balancer has them: in turn, and only those that take connections."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = itertools.cycle(ports)
        self._count = len(ports)

    async def bring(self, send: Callable[[str], Awaitable[httpx.Response]]) -> httpx.Response:
        """The answer of a gateway that took it; asks again and again until one has."""
        while True:
            for _ in range(self._count):
                try:
                    response = await send(f"http://127.0.0.1:{next(self._ports)}")
                except httpx.TransportError:
                    continue
                if response.status_code < 500:
                    return response
            await asyncio.sleep(_PAUSE)


class TalkOf:
    """A platform's citizens."""

    def __init__(self, platform: Any, ports: list[int]) -> None:
        self.name: str = platform.name
        self.platform = platform
        self._doors = Doors(ports)
        self._raw = platform.raw
        platform.raw = self._bring

    async def _bring(self, body: bytes, **given: Any) -> httpx.Response:
        async def send(url: str) -> httpx.Response:
            self.platform.gateway = url
            response: httpx.Response = await self._raw(body, **given)
            return response

        return await self._doors.bring(send)

    async def write(self, citizen: str, text: str) -> None:
        response = await self.platform.write(citizen, text)
        assert response.status_code == 200, response.text

    async def prepared(self, citizen: str, what: str) -> Act:
        if what != "erase":
            return lambda: self.write(citizen, _QUESTIONS.get(what, "quan trọng"))
        if self.name != "telegram":
            return lambda: self.write(citizen, "/delete")
        await self.write(citizen, "/delete")

        async def confirm() -> None:
            response = await self.platform.press(citizen, 1)
            assert response.status_code == 200, response.text

        return confirm

    async def shown(self, citizen: str) -> list[str]:
        return [shown.text for shown in self.platform.replies(citizen)]


class WebTalk:
    """Visitors of the website, whose page sends again what was not acknowledged."""

    name = "web"
    platform = None

    def __init__(self, ports: list[int]) -> None:
        self._doors = Doors(ports)
        self._numbers = itertools.count(1)
        self._tokens: dict[str, dict[str, str]] = {}

    async def write(self, citizen: str, text: str) -> None:
        if citizen not in self._tokens:
            opened = (await self._ask("POST", "/api/v1/conversations", json={})).json()
            self._tokens[citizen] = {"Authorization": f"Bearer {opened['token']}"}
        body = {"text": text, "client_id": f"c{next(self._numbers)}"}
        response = await self._ask("POST", "/api/v1/messages", json=body, headers=self._tokens[citizen])
        assert response.status_code == 202, response.text

    async def prepared(self, citizen: str, what: str) -> Act:
        if what != "erase":
            return lambda: self.write(citizen, "quan trọng")

        async def erase() -> None:
            headers = self._tokens[citizen]
            response = await self._ask("DELETE", "/api/v1/conversation", headers=headers)
            # 401: the first try had done it, and died before it could say so.
            assert response.status_code in (204, 401), response.text

        return erase

    async def shown(self, citizen: str) -> list[str]:
        response = await self._ask("GET", "/api/v1/conversation", headers=self._tokens[citizen])
        lines = response.json()["messages"]
        return [line["text"] for line in lines if line["from"] != "citizen"]

    async def _ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        async def send(url: str) -> httpx.Response:
            async with httpx.AsyncClient(trust_env=False, timeout=30, verify=False) as http:
                return await http.request(method, url + path, **given)

        return await self._doors.bring(send)
