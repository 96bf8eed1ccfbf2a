"""A channel whose platform does as it is told, and a citizen on it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from fastapi import APIRouter

from channels.base import Address, Part, PushChannel, Reply
from channels.inbox import Accepted
from channels.reception import Received
from channels.registry import Parts
from troly.clock import now


class ScriptedChannel(PushChannel):
    """Keeps what was sent; `behave` may delay it or raise instead."""

    name: ClassVar[str] = "push"
    numbered: ClassVar[bool] = True
    per_second: ClassVar[float] = 100_000.0
    per_chat_second: ClassVar[float] = 100_000.0
    split = 1
    """Parts of a reply. Of the class, so that one can be told before it starts."""

    def __init__(self, parts: Parts) -> None:
        self.reception = parts.reception
        self.delivered: list[tuple[str, str]] = []
        """What citizens saw: (chat, text)."""
        self.tried: list[tuple[str, str]] = []
        self.addresses: list[Address] = []
        self.active: Counter[str] = Counter()
        self.overlaps = 0
        self.typed: list[bool] = []
        self.behave: Callable[[str, str, int], Any] = lambda _chat, _text, _seen: None
        """(chat, text, how many times tried): raises, or gives a coroutine; before the platform takes it."""
        self.after: Callable[[str, str, int], Any] = lambda _chat, _text, _seen: None
        """The same after it was taken, before its answer arrives."""
        self.content: bytes | None = None

    def router(self) -> APIRouter:
        return APIRouter()

    async def typing(self, conversation_id: str, on: bool) -> None:
        self.typed.append(on)

    async def collect(self, media: dict[str, Any]) -> bytes | None:
        return self.content

    def render(self, reply: Reply) -> Sequence[Part]:
        if self.split == 1:
            return [{"text": reply.text}]
        return [{"text": f"{reply.text} ({number})"} for number in range(1, self.split + 1)]

    async def send(self, address: Address, part: Part) -> str | None:
        chat, text = address.external_id, part["text"]
        self.tried.append((chat, text))
        self.addresses.append(address)
        seen = self.tried.count((chat, text))
        self.active[chat] += 1
        self.overlaps += self.active[chat] > 1
        try:
            if asyncio.iscoroutine(waiting := self.behave(chat, text, seen)):
                await waiting
            self.delivered.append((chat, text))
            if asyncio.iscoroutine(waiting := self.after(chat, text, seen)):
                await waiting
        finally:
            self.active[chat] -= 1
        return f"m{len(self.delivered)}"


def build(parts: Parts) -> ScriptedChannel:
    """As every channel's module."""
    return ScriptedChannel(parts)


class Citizen:
    """Someone who writes on the scripted platform."""

    def __init__(self, stack: Any, chat: str = "chat-4711") -> None:
        self.chat = chat
        self.count = 0
        self.move(stack)

    def move(self, stack: Any) -> None:
        """Be served by another gateway."""
        self.stack = stack
        self.channel: ScriptedChannel = stack.gateway.channels["push"]
        self.reception = stack.gateway.reception
        self.id = stack.gateway.keyring.hash("push", self.chat)

    async def write(self, text: str | None = None, **given: Any) -> Accepted | None:
        """Send a message, a new one unless `message_id` is given."""
        self.count += 1
        values = {
            "external_id": self.chat,
            "message_id": f"{self.chat}-{self.count}",
            "received_at": now(),
            "display_name": "Nguyễn Văn Bí Mật",
            "text": text,
        }
        return await self.reception.receive("push", Received(**(values | given)))

    def saw(self) -> list[str]:
        """What the platform showed."""
        return [text for chat, text in self.channel.delivered if chat == self.chat]

    def answers(self) -> list[str]:
        """The same without the privacy notice."""
        return [text for text in self.saw() if "/delete" not in text]

    async def until(self, count: int, seconds: float = 6.0) -> list[str]:
        """The answers, once there are so many."""
        async with asyncio.timeout(seconds):
            while len(self.answers()) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return self.answers()


async def settled(gateway: Any, seconds: float = 6.0) -> None:
    """Until nothing waits, neither for an answer nor to be sent."""
    from channels import inbox, sending

    async with asyncio.timeout(seconds):
        while await inbox.queue_length(gateway.store) or await sending.waiting(gateway.store):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
