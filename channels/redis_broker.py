"""The broker between several gateway processes: Redis pub/sub.

Listeners of this process hear at once, without Redis. What goes out waits in a queue, so that no worker
waits for Redis; while it is away only the newest signals are kept. After each (re)connection all
listeners are told to look into the outbox, so that a signal which was lost in between costs time only.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, cast, get_args

import redis.asyncio as aioredis
import structlog
from redis.exceptions import RedisError

from channels.broker import LocalBroker, Signal
from troly.errors import SettingError

log = structlog.get_logger("redis")

CHANNEL = "troly:signals"

_AWAY = (RedisError, OSError, TimeoutError)
_SIGNALS = frozenset(get_args(Signal))
_KEPT = 10_000
_BATCH = 200
_FAREWELL = 1.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0


class RedisBroker(LocalBroker):
    """A broker for all processes that share a Redis; one connection hears for all listeners."""

    def __init__(self, url: str, *, silence: float = 15.0) -> None:
        """Connects in start(). After `silence` seconds the connection is checked, and given up after two.

        Raises SettingError when the address cannot be read.
        """
        super().__init__()
        self._client = connect(url, socket_timeout=silence)
        self._silence = silence
        self._origin = secrets.token_hex(8)
        self._waiting: deque[tuple[str, Signal]] = deque(maxlen=_KEPT)
        self._work = asyncio.Event()
        self._told = asyncio.Event()
        self._told.set()
        self._heard = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to connect; does not wait for it."""
        for name, step in (("hear", self._hear), ("tell", self._tell)):
            self._tasks.append(asyncio.create_task(_again_and_again(step, name)))

    async def stop(self) -> None:
        """Tell the others what still waits, within a second, and disconnect."""
        self.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL if self._heard.is_set() else 0.0):
                await self._told.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(*_AWAY):
            await self._client.close()
            await self._client.connection_pool.disconnect()

    async def connected(self, seconds: float) -> bool:
        """Whether this process hears the others, waiting for it for so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._heard.wait()
        return self._heard.is_set()

    async def publish(self, conversation_id: str, signal: Signal) -> None:
        """Tell every listener of the conversation, in whichever process; returns at once."""
        await super().publish(conversation_id, signal)
        self._waiting.append((conversation_id, signal))
        self._told.clear()
        self._work.set()

    async def _hear(self, working: Callable[[], None]) -> None:
        pubsub = self._client.pubsub()
        try:
            await pubsub.subscribe(CHANNEL)
            while True:
                message = await self._next(pubsub)
                if message["type"] == "message":
                    await self._deliver(message["data"])
                elif message["type"] == "subscribe":
                    working()
                    self._heard.set()
                    self.rouse()
        finally:
            self._heard.clear()
            with suppress(*_AWAY):
                await pubsub.close()

    async def _next(self, pubsub: aioredis.client.PubSub) -> dict[str, Any]:
        """The next message; a connection whose other end vanished says nothing at all."""
        for final in (False, True):
            found: dict[str, Any] | None = await pubsub.get_message(timeout=self._silence)
            if found:
                return found
            if not final:
                await pubsub.ping()
        raise TimeoutError

    async def _deliver(self, data: str) -> None:
        match data.split(" "):
            case [origin, conversation_id, signal] if signal in _SIGNALS and origin != self._origin:
                await super().publish(conversation_id, cast(Signal, signal))

    async def _tell(self, working: Callable[[], None]) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
                try:
                    async with self._client.pipeline(transaction=False) as pipeline:
                        for conversation_id, signal in batch:
                            pipeline.publish(CHANNEL, f"{self._origin} {conversation_id} {signal}")
                        await pipeline.execute()
                except _AWAY:
                    # Told twice is told; newer ones push out the oldest.
                    self._waiting.extendleft(reversed(batch[: _KEPT - len(self._waiting)]))
                    self._work.set()
                    raise
                working()
            self._told.set()


def connect(url: str, *, most: int = 16, socket_timeout: float | None = None) -> aioredis.Redis[str]:
    """A client of the Redis at REDIS_URL; connects when it is used. Raises SettingError.

    More than `most` calls at once wait for each other, not longer than `socket_timeout` seconds.
    """
    try:
        pool: aioredis.BlockingConnectionPool[Any] = aioredis.BlockingConnectionPool.from_url(
            url,
            max_connections=most,
            timeout=socket_timeout,
            decode_responses=True,
            socket_timeout=socket_timeout,
            socket_connect_timeout=min(2.0, socket_timeout or 2.0),
            socket_keepalive=True,
        )
    except ValueError:
        raise SettingError("REDIS_URL: cannot be read; write redis://host:6379/0") from None
    client: aioredis.Redis[str] = aioredis.Redis(connection_pool=pool, decode_responses=True)
    return client


async def _again_and_again(
    step: Callable[[Callable[[], None]], Coroutine[Any, Any, None]], name: str
) -> None:
    """Run the step for ever, with longer and longer pauses while Redis is away; log when that changes."""
    pause, away = _SHORTEST_PAUSE, False

    def working() -> None:
        nonlocal pause, away
        if away:
            log.warning("redis_back", part=name)
        pause, away = _SHORTEST_PAUSE, False

    while True:
        try:
            await step(working)
        except _AWAY as error:
            if not away:
                log.error("redis_away", part=name, error=type(error).__name__)
            away = True
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - only to not come all at once
        pause = min(_LONGEST_PAUSE, pause * 2)
