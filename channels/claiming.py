"""Which message is answered next: one of a conversation at a time and in order, workers shared fairly.

A claim is a lease: the row becomes due again when it runs out, unless its worker renews it. Only the oldest
waiting message of a conversation can be claimed. Among these, each further message of one visitor stands a
little further back, and nobody has all workers (docs/adr/0010-workers-are-shared-between-visitors.md). A
visitor is an address on the website, a conversation elsewhere.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Float, bindparam, extract, func, literal_column, select, update

from channels.oldest import LOOKED_AT, MOMENT, WAITS, oldest, still_due
from channels.store import Store
from troly.clock import now
from troly.tables.conversations import Conversation
from troly.tables.delivery import WAITING, Inbox


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this worker holds until its lease runs out."""

    id: str
    claim: str
    channel: str
    conversation_id: str
    number: int
    text: str | None
    payload: str | None
    media: dict[str, Any] | None
    received_at: datetime
    attempts: int
    """Counting this one."""
    notified_at: datetime | None
    language: str | None
    """In which the conversation was last answered, or was asked for."""
    handover: str | None
    """Who answers in the conversation; whoever stores the answer looks again."""
    secret: bool
    """The text must not be kept: it is encrypted, and with the answer a mask takes its place."""
    visitor: str | None
    """Keyed hash of the address it came from, on the website."""


async def claim(store: Store, limit: int, lease: timedelta, *, share: int, lag: float) -> list[Claimed]:
    """Take up to `limit` messages, each the oldest of its conversation; sorted by when they came.

    `share` is how many of one visitor may be at work at once, in all processes. Each of a visitor's messages
    beyond the first counts as if it had come `lag` seconds later, for each before it.
    """
    if limit < 1:
        return []
    moment, name = now(), uuid.uuid4().hex
    values = {
        "moment": moment,
        "most": limit,
        "until": moment + lease,
        "name": name,
        "share": share,
        "lag": lag,
    }
    async with store.write() as connection:
        rows = await connection.execute(_claiming(connection.dialect.name), values)
        claimed = [Claimed(claim=name, **row) for row in rows.mappings()]
    return sorted(claimed, key=lambda message: message.received_at)


async def renew(store: Store, messages: Sequence[Claimed], lease: timedelta) -> None:
    """Hold the messages for another lease; those that went to another worker stay with it."""
    async with store.write() as connection:
        await connection.execute(
            update(Inbox)
            .where(
                Inbox.id.in_([message.id for message in messages]),
                Inbox.claim.in_({message.claim for message in messages}),
                Inbox.state == WAITING,
            )
            .values(due_at=now() + lease)
        )


@cache
def _claiming(backend: str) -> Any:
    """Made once: to put it together takes longer than to run it."""
    ready = _ready(backend)
    due = (
        select(Inbox.id)
        .join(ready, ready.c.id == Inbox.id)
        .where(*still_due(Inbox), ready.c.standing <= bindparam("share"))
        .order_by(_seconds(backend, ready.c.received_at) + ready.c.standing * bindparam("lag", type_=Float))
        .limit(bindparam("most"))
        # PostgreSQL: workers of other processes pass by what is being claimed. SQLite has one writer.
        .with_for_update(skip_locked=True, of=Inbox)
        .cte("due")
    )
    return (
        update(Inbox)
        .where(Inbox.id.in_(select(due.c.id)))
        .values(due_at=bindparam("until"), claim=bindparam("name"), attempts=Inbox.attempts + 1)
        .returning(
            Inbox.id,
            Inbox.channel,
            Inbox.conversation_id,
            Inbox.number,
            Inbox.text,
            Inbox.payload,
            Inbox.media,
            Inbox.received_at,
            Inbox.attempts,
            Inbox.notified_at,
            Inbox.secret,
            Inbox.visitor,
            _of_conversation(Conversation.language).label("language"),
            _of_conversation(Conversation.handover).label("handover"),
        )
    )


def _ready(backend: str) -> Any:
    """The oldest waiting message of each conversation, with its standing: 1 for a visitor's first, and so on.

    What is at work counts: with two of theirs at work, a visitor's next message has standing 3.
    """
    first = _oldest(backend)
    place = func.row_number().over(partition_by=first.c.visitor, order_by=first.c.received_at)
    placed = select(first, place.label("place")).cte("placed")
    busy = (
        select(_visitor(Inbox).label("visitor"), func.count().label("n"))
        .where(Inbox.state == WAITS, Inbox.due_at > MOMENT, Inbox.claim.is_not(None))
        .group_by(_visitor(Inbox))
        .cte("busy")
    )
    standing = placed.c.place + func.coalesce(busy.c.n, 0)
    return (
        select(placed.c.id, placed.c.received_at, standing.label("standing"))
        .outerjoin(busy, busy.c.visitor == placed.c.visitor)
        .cte("ready")
    )


def _oldest(backend: str) -> Any:
    found = oldest(
        backend, Inbox, lambda table: (table.id, table.received_at, _visitor(table).label("visitor"))
    )
    return found.order_by(found.selected_columns.received_at).limit(LOOKED_AT).cte("oldest")


def _visitor(table: Any) -> Any:
    return func.coalesce(table.visitor, table.conversation_id)


def _seconds(backend: str, moment: Any) -> Any:
    """A point in time as a number."""
    if backend == "postgresql":
        return extract("epoch", moment)
    return func.julianday(moment) * 86400.0


def _of_conversation(column: Any) -> Any:
    # Written out: for SQLite, SQLAlchemy drops the tables' names after RETURNING.
    mine = Conversation.id == literal_column("inbox.conversation_id")
    return select(column).where(mine).scalar_subquery()
