"""Tells many citizens something: each once, slowly, not at night, and no further than Zalo's reserve.

What else a platform allows (windows, its own night) its channel decides when the reply is sent.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update

from channels.broadcasting import audience, reserve, telling
from channels.desk import Desk
from channels.outbox import FETCHED
from channels.store import Store
from troly.clock import VIETNAM, now
from troly.settings import Settings
from troly.tables import leases
from troly.tables.controls import DONE, RESERVE, RUNNING, Broadcast
from troly.tables.conversations import Conversation

log = structlog.get_logger("broadcasts")

_DAY_BEGINS, _DAY_ENDS = 7, 21
_BUSY = timedelta(minutes=2)
"""Who has just written is told a little later, not between a question and its answer."""
_LEASE = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class BroadcastOptions:
    """How fast."""

    look: float = 2.0
    """Seconds between looks."""
    at_once: int = 20
    """Conversations told at each look: 10 a second."""
    any_hour: bool = False
    """For tests."""
    busy: timedelta = _BUSY


def is_night(moment: datetime) -> bool:
    """Whether nobody should be disturbed on their phone: 21:00 to 7:00 in Vietnam."""
    return not _DAY_BEGINS <= moment.astimezone(VIETNAM).hour < _DAY_ENDS


class Broadcasts:
    """Tells what is running; one gateway process at a time."""

    def __init__(
        self, store: Store, desk: Desk, settings: Settings, options: BroadcastOptions | None = None
    ) -> None:
        """Does nothing before start()."""
        self._store = store
        self._desk = desk
        self._settings = settings
        self._options = options or BroadcastOptions()
        self._name = secrets.token_hex(8)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End at once: each conversation is a transaction."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._options.look)
            try:
                await self.step()
            except Exception as error:  # the database may be away for a while
                log.error("broadcast_failed", error=type(error).__name__, exc_info=True)

    async def step(self) -> int:
        """Tell a few; how many."""
        async with self._store.read() as connection:
            running = (
                await connection.execute(
                    select(Broadcast.__table__)
                    .where(Broadcast.state == RUNNING)
                    .order_by(Broadcast.id)
                    .limit(1)
                )
            ).first()
        if running is None:
            return 0
        async with self._store.write() as connection:
            if not await leases.take(connection, "broadcast", self._name, _LEASE):
                return 0
        used_up, held = await self._shut(running.channels)
        told = 0
        for conversation_id in await self._next(running.id, used_up | held):
            changed = await telling.tell(self._store, self._settings, running, conversation_id)
            await self._desk.told(changed)
            told += changed is not None
        if not told:
            await self._end(running.id)
        return told

    async def _shut(self, channels: list[str]) -> tuple[set[str], set[str]]:
        """Channels on which the reserve lets nobody else be told, and those whose platform takes none now."""
        used_up, held = set(), set()
        async with self._store.read() as connection:
            for channel in channels:
                one = await reserve.allowance(connection, self._settings, channel, now())
                if one and one.left == 0:
                    used_up.add(channel)
                elif one and one.held:
                    held.add(channel)
        return used_up, held

    async def _next(self, broadcast_id: int, shut: set[str]) -> list[str]:
        moment = now()
        query = (
            audience.targets(self._settings, broadcast_id, Conversation.id)
            .where(
                Conversation.active_at <= moment - self._options.busy,
                Conversation.channel.not_in(sorted(shut)),
            )
            .order_by(Conversation.id)
            .limit(self._options.at_once)
        )
        if is_night(moment) and not self._options.any_hour:
            query = query.where(Conversation.channel.in_(list(FETCHED)))
        async with self._store.read() as connection:
            return list(await connection.scalars(query))

    async def _end(self, broadcast_id: int) -> None:
        """It is done when nobody is left who can be told; the reserve ends it when it alone is in the way."""
        async with self._store.read() as connection:
            left = await audience.untold(connection, self._settings, broadcast_id)
        used_up, _held = await self._shut(list(left))
        if left.keys() - used_up:
            return
        async with self._store.write() as connection:
            await connection.execute(
                update(Broadcast)
                .where(Broadcast.id == broadcast_id, Broadcast.state == RUNNING)
                .values(state=RESERVE if left else DONE, ended_at=now())
            )
        if left:
            log.warning("broadcast_stopped_at_the_reserve", broadcast=broadcast_id, untold=left)
