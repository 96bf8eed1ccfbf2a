"""Forgets what is older than RETENTION_DAYS: whole conversations, and the old part of those that go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, delete, func, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from channels.media import MediaStore
from channels.store import Store
from troly import erasure
from troly.clock import now
from troly.settings import Settings
from troly.tables import counts
from troly.tables.channels import MediaRow
from troly.tables.controls import retention_days
from troly.tables.conversations import Conversation, Rating
from troly.tables.counts import Count
from troly.tables.delivery import WAITING, Inbox, Outbox
from troly.tables.handover import CLOSED, HELD, Handover
from troly.tables.handover import WAITING as ASKED
from troly.tables.review import ReviewItem
from troly.tables.tracker import TrackerEvent
from troly.tables.verification import VerificationAttempt

log = structlog.get_logger("retention")

_BATCH = 200
_TRACKER_WINDOW = 64
"""The tracker store reads so many events back (bot/tracker_store.py); with fewer it would think that the
conversation began there."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is too old."""

    plain: datetime
    with_report: datetime

    @classmethod
    async def of(cls, store: Store, settings: Settings) -> Limits:
        """Counted from now; as staff changed the days in the console, else as the settings say."""
        async with store.read() as connection:
            plain, with_report = await retention_days(connection, settings)
        moment = now()
        return cls(moment - timedelta(days=plain), moment - timedelta(days=with_report))


@dataclass(slots=True)
class Forgotten:
    """How much was, or would be, forgotten."""

    conversations: int = 0
    messages: int = 0
    replies: int = 0
    media: int = 0


Progress = Callable[[int], None]


async def forget_old(
    store: Store, media: MediaStore, settings: Settings, progress: Progress = lambda _count: None
) -> Forgotten:
    """Erase and prune in small transactions. Safe to repeat and to cut off."""
    limits = await Limits.of(store, settings)
    forgotten = Forgotten()
    while ids := await _ids(store, _over(limits)):
        for conversation_id in ids:
            forgotten.conversations += await _erase(store, media, conversation_id, limits)
        progress(forgotten.conversations)
    last = ""
    while ids := await _ids(store, and_(_goes_on(limits), Conversation.id > last)):
        await _prune(store, media, ids, limits.plain, forgotten)
        last = ids[-1]
    async with store.write() as connection:
        await connection.execute(delete(VerificationAttempt).where(VerificationAttempt.at < limits.plain))
    await media.sweep()
    log.info("forgot_old", **{name: getattr(forgotten, name) for name in Forgotten.__slots__})
    return forgotten


async def count_old(store: Store, settings: Settings) -> Forgotten:
    """What forget_old() would do; nothing is changed."""
    limits = await Limits.of(store, settings)
    old = select(Conversation.id).where(_goes_on(limits))
    async with store.read() as connection:

        async def number(table: Any, *conditions: Any) -> int:
            found = await connection.scalar(select(func.count()).select_from(table).where(*conditions))
            return found or 0

        return Forgotten(
            await number(Conversation, _over(limits)),
            await number(Inbox, Inbox.conversation_id.in_(old), *_old_messages(limits.plain)),
            await number(Outbox, Outbox.conversation_id.in_(old), *_old_replies(limits.plain)),
            await number(MediaRow, MediaRow.conversation_id.in_(old), MediaRow.created_at < limits.plain),
        )


def _over(limits: Limits) -> ColumnElement[bool]:
    """Nothing has happened for so long that the whole conversation goes."""
    plain = and_(Conversation.active_at < limits.plain, not_(erasure.kept_longer(Conversation.id)))
    return or_(plain, Conversation.active_at < limits.with_report)


def _goes_on(limits: Limits) -> ColumnElement[bool]:
    """It began so long ago that a part of it may be too old."""
    return and_(
        Conversation.created_at < limits.plain,
        Conversation.active_at >= limits.plain,
        not_(erasure.kept_longer(Conversation.id)),
    )


def _old_messages(before: datetime) -> tuple[ColumnElement[bool], ...]:
    return Inbox.received_at < before, Inbox.state != WAITING


def _old_replies(before: datetime) -> tuple[ColumnElement[bool], ...]:
    return Outbox.created_at < before, or_(Outbox.state.is_(None), Outbox.state != WAITING)


async def _ids(store: Store, condition: ColumnElement[bool]) -> list[str]:
    async with store.read() as connection:
        found = await connection.scalars(
            select(Conversation.id).where(condition).order_by(Conversation.id).limit(_BATCH)
        )
        return list(found)


async def _erase(store: Store, media: MediaStore, conversation_id: str, limits: Limits) -> bool:
    async with store.write() as connection:
        # Looked at again: the citizen may have written meanwhile.
        still = await connection.execute(
            update(Conversation)
            .where(Conversation.id == conversation_id, _over(limits))
            .values(active_at=Conversation.active_at)
        )
        if not still.rowcount:
            return False
        erased = await erasure.erase(connection, conversation_id, by="retention")
    await media.discard(erased.files)
    return True


async def _prune(
    store: Store, media: MediaStore, ids: Sequence[str], before: datetime, forgotten: Forgotten
) -> None:
    async with store.write() as connection:
        messages = await connection.execute(
            delete(Inbox).where(Inbox.conversation_id.in_(ids), *_old_messages(before))
        )
        replies = await connection.execute(
            delete(Outbox).where(Outbox.conversation_id.in_(ids), *_old_replies(before))
        )
        files = (
            await connection.scalars(
                delete(MediaRow)
                .where(MediaRow.conversation_id.in_(ids), MediaRow.created_at < before)
                .returning(MediaRow.sha256)
            )
        ).all()
        await _prune_words(connection, ids, before)
        pruned = {"messages": messages.rowcount, "replies": replies.rowcount, "media": len(files)}
        await counts.add(
            connection, [Count("", None, "pruned", name, number=n) for name, n in pruned.items() if n]
        )
    forgotten.messages += messages.rowcount
    forgotten.replies += replies.rowcount
    forgotten.media += len(files)
    await media.discard(files)


async def _prune_words(connection: AsyncConnection, ids: Sequence[str], before: datetime) -> None:
    """What a citizen said elsewhere: to Rasa, with a rating, in a message for an official; and its copies."""
    newer = aliased(TrackerEvent)
    oldest_read = (
        select(newer.id)
        .where(newer.sender_id == TrackerEvent.sender_id)
        .order_by(newer.id.desc())
        .offset(_TRACKER_WINDOW)
        .limit(1)
        .scalar_subquery()
    )
    await connection.execute(
        delete(TrackerEvent).where(
            TrackerEvent.sender_id.in_(ids),
            TrackerEvent.timestamp < before.timestamp(),
            TrackerEvent.id <= oldest_read,
        )
    )
    await connection.execute(
        update(ReviewItem)
        .where(ReviewItem.conversation_id.in_(ids), ReviewItem.at < before, ReviewItem.text != "")
        .values(text="", folded="")
    )
    await connection.execute(
        update(Rating)
        .where(Rating.conversation_id.in_(ids), Rating.created_at < before, Rating.comment != "")
        .values(comment="")
    )
    await connection.execute(
        update(Handover)
        .where(
            Handover.conversation_id.in_(ids),
            Handover.asked_at < before,
            Handover.state.not_in((ASKED, HELD)),
            or_(Handover.contact.is_not(None), Handover.message.is_not(None)),
        )
        .values(state=CLOSED, contact=None, message=None)
    )
