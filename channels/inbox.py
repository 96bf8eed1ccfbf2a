"""The inbox: a message is stored once, taken by one worker at a time, and leaves with its answer.

A claim is a lease: the row becomes due again when it runs out, unless its worker renews it. Only the
oldest waiting message of a conversation can be claimed, so a conversation's messages are answered one
at a time and in order.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from channels.base import Inbound, Outbound
from channels.outbox import append
from channels.store import Store
from troly.clock import now
from troly.tables.conversations import Conversation
from troly.tables.delivery import DONE, PARKED, WAITING, Inbox


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a message that came in."""

    id: str
    fresh: bool
    """False for a redelivery: the id is that of the first delivery."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this worker holds until `until`."""

    id: str
    claim: str
    channel: str
    conversation_id: str
    text: str | None
    payload: str | None
    received_at: datetime
    attempts: int
    """Counting this one."""
    notified_at: datetime | None


async def accept(store: Store, message: Inbound) -> Accepted | None:
    """Store a message; from the return on it cannot be lost. None when the conversation is gone.

    A second message with the same channel and message id changes nothing.
    """
    async with store.write() as connection:
        # The row lock makes arrivals of one conversation wait for each other, also between processes:
        # without it a smaller number could be committed after a larger one was already answered.
        number = await connection.scalar(
            update(Conversation)
            .where(Conversation.id == message.conversation_id)
            .values(last_message=Conversation.last_message + 1, active_at=message.received_at)
            .returning(Conversation.last_message)
        )
        if number is None:
            return None
        row = {
            "id": uuid.uuid4().hex,
            "channel": message.channel,
            "message_id": message.message_id,
            "conversation_id": message.conversation_id,
            "number": number,
            "text": message.text,
            "payload": message.payload,
            "media": message.media,
            "received_at": message.received_at,
            "state": WAITING,
            "due_at": message.received_at,
            "attempts": 0,
        }
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        stored = await connection.scalar(
            dialect.insert(Inbox)
            .values(row)
            .on_conflict_do_nothing(index_elements=["channel", "message_id"])
            .returning(Inbox.id)
        )
        if stored is not None:
            return Accepted(stored, fresh=True)
        first = await connection.scalar(
            select(Inbox.id).where(Inbox.channel == message.channel, Inbox.message_id == message.message_id)
        )
        return Accepted(first, fresh=False) if first else None


async def claim(store: Store, limit: int, lease: timedelta) -> list[Claimed]:
    """Take up to `limit` messages, the longest waiting first; each is the oldest of its conversation."""
    if limit < 1:
        return []
    moment, name = now(), uuid.uuid4().hex
    older = aliased(Inbox)
    due = (
        select(Inbox.id)
        .where(
            Inbox.state == WAITING,
            Inbox.due_at <= moment,
            ~exists().where(
                older.conversation_id == Inbox.conversation_id,
                older.state == WAITING,
                older.number < Inbox.number,
            ),
        )
        .order_by(Inbox.received_at)
        .limit(limit)
        # PostgreSQL: workers of other processes pass by what is being claimed. SQLite has one writer.
        .with_for_update(skip_locked=True, of=Inbox)
        .cte("due")
    )
    async with store.write() as connection:
        rows = await connection.execute(
            update(Inbox)
            .where(Inbox.id.in_(select(due.c.id)))
            .values(due_at=moment + lease, claim=name, attempts=Inbox.attempts + 1)
            .returning(
                Inbox.id,
                Inbox.channel,
                Inbox.conversation_id,
                Inbox.text,
                Inbox.payload,
                Inbox.received_at,
                Inbox.attempts,
                Inbox.notified_at,
            )
        )
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


async def finish(
    store: Store, message: Claimed, replies: Sequence[Outbound], error: str | None = None
) -> bool:
    """Store the answer and close the message in one transaction; with `error` it is parked.

    False, and nothing stored, when the message is no longer this worker's: its lease ran out and
    another worker has it, or the conversation was erased.
    """
    moment = now()
    async with store.write() as connection:
        await _lock(connection, message.conversation_id)
        closed = await connection.execute(
            update(Inbox)
            .where(Inbox.id == message.id, Inbox.claim == message.claim, Inbox.state == WAITING)
            .values(state=PARKED if error else DONE, finished_at=moment, error=error)
        )
        if not closed.rowcount:
            return False
        await append(connection, message.conversation_id, replies, inbox_id=message.id)
        return True


async def postpone(
    store: Store,
    message: Claimed,
    pause: timedelta,
    error: str,
    *,
    counts: bool = True,
    notice: Outbound | None = None,
) -> bool:
    """Give the message back, to be tried again after `pause`; `counts` False takes this try off the count.

    `notice` is told to the citizen now. False when the message is no longer this worker's.
    """
    moment = now()
    values: dict[str, object] = {"due_at": moment + pause, "claim": None, "error": error}
    if not counts:
        values["attempts"] = message.attempts - 1
    if notice:
        values["notified_at"] = moment
    async with store.write() as connection:
        await _lock(connection, message.conversation_id)
        changed = await connection.execute(
            update(Inbox)
            .where(Inbox.id == message.id, Inbox.claim == message.claim, Inbox.state == WAITING)
            .values(**values)
        )
        if not changed.rowcount:
            return False
        if notice:
            await append(connection, message.conversation_id, [notice], kind="notice", inbox_id=message.id)
        return True


async def _lock(connection: AsyncConnection, conversation_id: str) -> None:
    """Hold the conversation before its messages, as accept() does: else the two can wait for each other."""
    await connection.execute(
        update(Conversation)
        .where(Conversation.id == conversation_id)
        .values(last_event=Conversation.last_event)
    )


async def state_of(store: Store, inbox_id: str) -> str | None:
    """waiting, done or parked; None when there is no such message."""
    async with store.read() as connection:
        state: str | None = await connection.scalar(select(Inbox.state).where(Inbox.id == inbox_id))
        return state


async def is_waiting(store: Store, conversation_id: str) -> bool:
    """Whether a message of the conversation waits for its answer."""
    waiting = exists().where(Inbox.conversation_id == conversation_id, Inbox.state == WAITING)
    async with store.read() as connection:
        return bool(await connection.scalar(select(waiting)))


async def language_of(store: Store, conversation_id: str) -> str | None:
    """The language in which the conversation was last answered, or was asked for."""
    async with store.read() as connection:
        language: str | None = await connection.scalar(
            select(Conversation.language).where(Conversation.id == conversation_id)
        )
        return language


async def queue_length(store: Store) -> int:
    """How many messages wait for their answer."""
    async with store.read() as connection:
        return (
            await connection.scalar(select(func.count()).select_from(Inbox).where(Inbox.state == WAITING))
            or 0
        )
