"""Tells many citizens something: each once, slowly, and not at night.

A conversation is told in the transaction that notes it, so a restart neither repeats nor forgets it. What a
platform allows (windows, quotas, its own night) its channel decides when the reply is sent.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, exists, func, insert, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from channels import texts
from channels.base import Button, Outbound
from channels.desk import Desk
from channels.handover import Changed
from channels.outbox import FETCHED, Place, append
from channels.own_payloads import NO_BROADCASTS
from channels.store import Store
from channels.zalo_oa.windows import FREE, PAID
from troly.clock import VIETNAM, now
from troly.settings import Settings
from troly.tables import leases
from troly.tables.channels import AddressRow
from troly.tables.controls import DONE, RUNNING, Broadcast, BroadcastRefusal, BroadcastTarget
from troly.tables.conversations import Conversation
from troly.tables.delivery import INTERNAL, Inbox

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


async def reached(
    connection: AsyncConnection, settings: Settings, channels: Sequence[str], days: int
) -> dict[str, int]:
    """How many conversations of each channel a broadcast would tell now."""
    rows = await connection.execute(
        select(Conversation.channel, func.count())
        .outerjoin(AddressRow, AddressRow.conversation_id == Conversation.id)
        .where(_meant(settings, channels, days, now()))
        .group_by(Conversation.channel)
    )
    return {row[0]: row[1] for row in rows}


async def begin(
    connection: AsyncConnection,
    settings: Settings,
    *,
    vi: str,
    en: str,
    channels: Sequence[str],
    days: int,
    by: str,
) -> tuple[int, int]:
    """Note whom to tell, within the caller's transaction; gives the broadcast's number and how many."""
    moment = now()
    identity: int = (
        await connection.execute(
            insert(Broadcast)
            .values(
                text_vi=vi,
                text_en=en,
                channels=list(channels),
                days=days,
                state=RUNNING,
                total=0,
                created_by=by,
                created_at=moment,
            )
            .returning(Broadcast.id)
        )
    ).scalar_one()
    meant = (
        select(literal(identity), Conversation.id)
        .select_from(Conversation)
        .outerjoin(AddressRow, AddressRow.conversation_id == Conversation.id)
        .where(_meant(settings, channels, days, moment))
    )
    done = await connection.execute(
        insert(BroadcastTarget).from_select(["broadcast_id", "conversation_id"], meant)
    )
    await connection.execute(update(Broadcast).where(Broadcast.id == identity).values(total=done.rowcount))
    return identity, done.rowcount


def _meant(settings: Settings, channels: Sequence[str], days: int, moment: datetime) -> ColumnElement[bool]:
    wrote = exists().where(
        Inbox.conversation_id == Conversation.id,
        Inbox.received_at > moment - timedelta(days=days),
        or_(Inbox.payload.is_(None), ~Inbox.payload.startswith(INTERNAL, autoescape=True)),
    )
    refused = exists().where(BroadcastRefusal.conversation_id == Conversation.id)
    window = moment - (PAID if settings.zalo_oa_paid_window else FREE)
    return and_(
        Conversation.channel.in_(list(channels)),
        Conversation.active_at > moment - timedelta(days=days),
        wrote,
        ~refused,
        # Outside the website there must be an open address, and on Zalo its window.
        or_(
            Conversation.channel.in_(list(FETCHED)),
            and_(
                AddressRow.conversation_id.is_not(None),
                AddressRow.closed_at.is_(None),
                or_(Conversation.channel != "zalo_oa", AddressRow.last_inbound_at > window),
            ),
        ),
    )


async def refused(connection: AsyncConnection, place: Place) -> None:
    """The citizen wants no broadcasts, in the transaction that confirms it."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    await connection.execute(
        dialect.insert(BroadcastRefusal)
        .values(conversation_id=place.conversation_id, at=now())
        .on_conflict_do_nothing(index_elements=["conversation_id"])
    )


class Broadcasts:
    """Tells what is running; one gateway process at a time."""

    def __init__(self, store: Store, desk: Desk, options: BroadcastOptions | None = None) -> None:
        """Does nothing before start()."""
        self._store = store
        self._desk = desk
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
        told = 0
        for conversation_id in await self._next(running.id):
            told += await self._tell(running, conversation_id)
        if not told:
            await self._close(running.id)
        return told

    async def _next(self, broadcast_id: int) -> list[str]:
        moment = now()
        quiet = is_night(moment) and not self._options.any_hour
        query = (
            select(BroadcastTarget.conversation_id)
            .join(Conversation, Conversation.id == BroadcastTarget.conversation_id)
            .where(
                BroadcastTarget.broadcast_id == broadcast_id,
                BroadcastTarget.told_at.is_(None),
                Conversation.active_at <= moment - self._options.busy,
            )
            .order_by(BroadcastTarget.conversation_id)
            .limit(self._options.at_once)
        )
        if quiet:
            query = query.where(Conversation.channel.in_(list(FETCHED)))
        async with self._store.read() as connection:
            return list(await connection.scalars(query))

    async def _tell(self, running: Any, conversation_id: str) -> bool:
        """One conversation: held first, as everyone does who writes into it."""
        async with self._store.write() as connection:
            found = (
                await connection.execute(
                    update(Conversation)
                    .where(Conversation.id == conversation_id)
                    .values(last_event=Conversation.last_event)
                    .returning(Conversation.channel, Conversation.language, Conversation.active_at)
                )
            ).first()
            still = exists().where(Broadcast.id == running.id, Broadcast.state == RUNNING)
            refused = exists().where(BroadcastRefusal.conversation_id == conversation_id)
            noted = await connection.execute(
                update(BroadcastTarget)
                .where(
                    BroadcastTarget.broadcast_id == running.id,
                    BroadcastTarget.conversation_id == conversation_id,
                    BroadcastTarget.told_at.is_(None),
                    still,
                    ~refused,
                )
                .values(told_at=now())
            )
            if found is None or not noted.rowcount:
                return False
            said = _said(running, found.language)
            await append(connection, conversation_id, [said])
            # Being told something is no sign of the citizen: what they wrote grows old as before.
            await connection.execute(
                update(Conversation)
                .where(Conversation.id == conversation_id)
                .values(active_at=found.active_at, language=found.language)
            )
        await self._desk.told(Changed(conversation_id, found.channel, found.language))
        return True

    async def _close(self, broadcast_id: int) -> None:
        refused = exists().where(BroadcastRefusal.conversation_id == BroadcastTarget.conversation_id)
        left = exists().where(
            BroadcastTarget.broadcast_id == broadcast_id, BroadcastTarget.told_at.is_(None), ~refused
        )
        async with self._store.write() as connection:
            await connection.execute(
                update(Broadcast)
                .where(Broadcast.id == broadcast_id, Broadcast.state == RUNNING, ~left)
                .values(state=DONE, ended_at=now())
            )


def _said(running: Any, language: str | None) -> Outbound:
    spoken = "en" if language == "en" else "vi"
    stop = Button(title=texts.say("button_no_broadcasts", spoken), payload=NO_BROADCASTS)
    return Outbound(
        text=running.text_en if spoken == "en" else running.text_vi, language=spoken, buttons=[stop]
    )
