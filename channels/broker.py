"""Signals between the parts of the gateway: "there is something new in this conversation".

The outbox is the truth; a signal only says when to look there. So a lost signal costs time, never a
reply, and the interface stays small enough for Redis pub/sub between several gateway processes.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, Protocol

Signal = Literal["new", "typing_on", "typing_off", "erased", "closing"]


class Subscription:
    """The signals of one conversation since the subscription began."""

    def __init__(self) -> None:
        """Unbounded on purpose: signals are single words, and a listener that is gone is removed."""
        self._queue: asyncio.Queue[Signal] = asyncio.Queue()

    def put(self, signal: Signal) -> None:
        """Hand a signal to the listener."""
        self._queue.put_nowait(signal)

    async def next(self, seconds: float) -> Signal | None:
        """The next signal, or None after so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                return await self._queue.get()
        except TimeoutError:
            return None


class Broker(Protocol):
    """Publishes to all listeners of a conversation, in whichever process they are."""

    async def publish(self, conversation_id: str, signal: Signal) -> None:
        """Tell every listener of the conversation."""

    @contextmanager
    def listen(self, conversation_id: str) -> Iterator[Subscription]:
        """Hear the conversation's signals from now on."""
        yield Subscription()

    def listeners(self, conversation_id: str) -> int:
        """How many listen here."""
        ...

    def close(self) -> None:
        """Tell everyone that the process stops."""

    async def start(self) -> None:
        """Begin to hear other processes; does not wait for them."""

    async def stop(self) -> None:
        """Let go of them."""


class LocalBroker:
    """A broker within one process."""

    def __init__(self) -> None:
        """Nobody listens yet."""
        self._listeners: dict[str, set[Subscription]] = defaultdict(set)
        self._closed = False

    async def publish(self, conversation_id: str, signal: Signal) -> None:
        """Tell every listener of the conversation."""
        for subscription in self._listeners.get(conversation_id, ()):
            subscription.put(signal)

    @contextmanager
    def listen(self, conversation_id: str) -> Iterator[Subscription]:
        """Hear the conversation's signals from now on."""
        subscription = Subscription()
        self._listeners[conversation_id].add(subscription)
        if self._closed:
            subscription.put("closing")
        try:
            yield subscription
        finally:
            remaining = self._listeners[conversation_id]
            remaining.discard(subscription)
            if not remaining:
                del self._listeners[conversation_id]

    def listeners(self, conversation_id: str) -> int:
        """How many listen to the conversation."""
        return len(self._listeners.get(conversation_id, ()))

    def close(self) -> None:
        """End all streams; uvicorn waits for them before it stops."""
        self._closed = True
        for subscriptions in self._listeners.values():
            for subscription in subscriptions:
                subscription.put("closing")

    def rouse(self) -> None:
        """Let every listener look for what it may have missed."""
        for subscriptions in self._listeners.values():
            for subscription in subscriptions:
                subscription.put("new")

    async def start(self) -> None:
        """Nothing to begin."""

    async def stop(self) -> None:
        """Nothing to let go of."""
