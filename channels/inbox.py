"""The inbox: a message is stored once, taken by one worker at a time, and leaves with its answer.

A claim is a lease: the row becomes due again when it runs out, unless its worker renews it. Only the
oldest waiting message of a conversation can be claimed, so a conversation's messages are answered one
at a time and in order.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal

from sqlalchemy import bindparam, exists, func, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from channels import own_payloads
from channels.base import Inbound, Outbound
from channels.outbox import Kind, Place, reserve, write
from channels.store import Store
from troly.clock import now
from troly.privacy import MASK
from troly.tables.conversations import STAFF, Conversation
from troly.tables.delivery import DONE, HELD, INTERNAL, PARKED, WAITING, Inbox


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
    """Who answers in the conversation; finish() looks again."""
    secret: bool
    """The text must not be kept: it is encrypted, and with the answer a mask takes its place."""
    visitor: str | None
    """Keyed hash of the address it came from, on the website."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A message that could not be answered; the citizen was told."""

    id: str
    channel: str
    conversation_id: str
    received_at: datetime
    finished_at: datetime
    attempts: int
    error: str


Outcome = Literal["stored", "more", "held", "superseded", "erased"]
"""What became of an answer: stored (`more`: and another message of the conversation may wait); not
stored, because staff hold the conversation, another worker has the message, or it was erased."""

Also = Callable[[AsyncConnection, Place], Awaitable[None]]
"""What else belongs to an answer, done in the transaction that stores it."""


async def accept(store: Store, message: Inbound) -> Accepted | None:
    """Store a message; from the return on it cannot be lost. None when the conversation is gone.

    A second message with the same channel and message id changes nothing.
    """
    async with store.write() as connection:
        return await accept_in(connection, message)


async def accept_in(connection: AsyncConnection, message: Inbound) -> Accepted | None:
    """The same within the caller's transaction."""
    # The row lock makes arrivals of one conversation wait for each other, also between processes:
    # without it a smaller number could be committed after a larger one was already answered.
    held = await connection.execute(
        _arriving(), {"conversation": message.conversation_id, "moment": message.received_at}
    )
    conversation = held.first()
    if conversation is None:
        return None
    # What a citizen writes to staff is no answer to the assistant's question.
    secret = conversation.awaits_secret and conversation.handover != STAFF and bool(message.text)
    row = {
        "id": uuid.uuid4().hex,
        "channel": message.channel,
        "message_id": message.message_id,
        "conversation_id": message.conversation_id,
        "number": conversation.last_message,
        "text": message.sealed if secret else message.text,
        "payload": message.payload,
        "media": _without_caption(message.media) if secret else message.media,
        "secret": secret,
        "visitor": message.visitor,
        "received_at": message.received_at,
        "state": WAITING,
        "due_at": message.received_at,
        "attempts": 0,
    }
    stored = await connection.scalar(_storing(connection.dialect.name), row)
    if stored is not None:
        return Accepted(stored, fresh=True)
    first = await connection.scalar(
        select(Inbox.id).where(Inbox.channel == message.channel, Inbox.message_id == message.message_id)
    )
    return Accepted(first, fresh=False) if first else None


@cache
def _arriving() -> Any:
    return (
        update(Conversation)
        .where(Conversation.id == bindparam("conversation"))
        .values(last_message=Conversation.last_message + 1, active_at=bindparam("moment"))
        .returning(Conversation.last_message, Conversation.awaits_secret, Conversation.handover)
    )


@cache
def _storing(backend: str) -> Any:
    dialect = postgresql if backend == "postgresql" else sqlite
    return (
        dialect.insert(Inbox)
        .on_conflict_do_nothing(index_elements=["channel", "message_id"])
        .returning(Inbox.id)
    )


def _without_caption(media: dict[str, Any] | None) -> dict[str, Any] | None:
    """What was sent, without the words beside it, which are the message's text."""
    return media and {name: value for name, value in media.items() if name != "caption"}


async def claim(store: Store, limit: int, lease: timedelta) -> list[Claimed]:
    """Take up to `limit` messages, the longest waiting first; each is the oldest of its conversation."""
    if limit < 1:
        return []
    moment, name = now(), uuid.uuid4().hex
    values = {"moment": moment, "most": limit, "until": moment + lease, "name": name}
    async with store.write() as connection:
        rows = await connection.execute(_claiming(), values)
        claimed = [Claimed(claim=name, **row) for row in rows.mappings()]
    return sorted(claimed, key=lambda message: message.received_at)


@cache
def _claiming() -> Any:
    """Made once: to put it together takes longer than to run it."""
    older = aliased(Inbox)
    due = (
        select(Inbox.id)
        .where(
            Inbox.state == WAITING,
            Inbox.due_at <= bindparam("moment"),
            ~exists().where(
                older.conversation_id == Inbox.conversation_id,
                older.state == WAITING,
                older.number < Inbox.number,
            ),
        )
        .order_by(Inbox.received_at)
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


def _of_conversation(column: Any) -> Any:
    # Written out: for SQLite, SQLAlchemy drops the tables' names after RETURNING.
    mine = Conversation.id == literal_column("inbox.conversation_id")
    return select(column).where(mine).scalar_subquery()


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
    store: Store,
    message: Claimed,
    replies: Sequence[Outbound],
    *,
    error: str | None = None,
    media: dict[str, Any] | None = None,
    also: Also | None = None,
) -> Outcome:
    """Store the answer and close the message in one transaction; with `error` it is parked.

    `media` replaces what is known of the message's media; `also` is done in the same transaction. Where
    staff hold the conversation the answer stays unsaid, and the message is kept for them ("held").
    """
    values: dict[str, object] = {
        "state": PARKED if error else DONE,
        "finished_at": now(),
        "error": error,
        "visitor": None,
    }
    if message.secret:
        values["text"] = MASK
    if media is not None:
        values["media"] = media
    return await _conclude(store, message, values, replies, "reply", also)


async def postpone(
    store: Store,
    message: Claimed,
    pause: timedelta,
    error: str,
    *,
    counts: bool = True,
    notice: Outbound | None = None,
) -> Outcome:
    """Give the message back, to be tried again after `pause`; `counts` False takes this try off the count.

    `notice` is told to the citizen now.
    """
    moment = now()
    values: dict[str, object] = {"due_at": moment + pause, "claim": None, "error": error}
    if not counts:
        values["attempts"] = message.attempts - 1
    if notice:
        values["notified_at"] = moment
    return await _conclude(store, message, values, [notice] if notice else [], "notice")


async def hold(store: Store, message: Claimed, media: dict[str, Any] | None = None) -> Outcome:
    """Keep the message for staff; where they have just handed the conversation back, it waits again."""
    values: dict[str, object] = {"due_at": now(), "claim": None, "attempts": message.attempts - 1}
    if media is not None:
        values["media"] = media
    return await _conclude(store, message, values, [], "notice")


class _NotOursError(Exception):
    """Rolls the transaction back."""


async def _conclude(
    store: Store,
    message: Claimed,
    values: dict[str, object],
    contents: Sequence[Outbound],
    kind: Kind,
    also: Also | None = None,
) -> Outcome:
    """Change the message, if it is still this worker's, and tell the citizen, both or neither."""
    try:
        async with store.write() as connection:
            place = await reserve(
                connection, message.conversation_id, contents, awaits_secret=_asks(message, values, contents)
            )
            if place is None:
                return "erased"
            held = place.handover == STAFF and own_payloads.is_for_staff(message.payload)
            if held:
                # Staff took the conversation while the answer was being made: it stays unsaid.
                kept = {name: values[name] for name in values.keys() & {"media", "text"}}
                values, contents = kept | {"state": HELD, "claim": None, "error": None}, ()
            changed = await connection.execute(
                update(Inbox)
                .where(Inbox.id == message.id, Inbox.claim == message.claim, Inbox.state == WAITING)
                .values(**values)
            )
            if not changed.rowcount:
                raise _NotOursError
            if contents:
                await write(connection, place, contents, kind=kind, inbox_id=message.id)
            if held:
                return "held"
            if also:
                await also(connection, place)
            return "more" if place.last_message > message.number else "stored"
    except _NotOursError:
        return "erased" if await state_of(store, message.id) is None else "superseded"


def _asks(message: Claimed, values: dict[str, object], contents: Sequence[Outbound]) -> bool | None:
    """Whether the answer asks for a secret; None where the question before it stays open."""
    answered = values.get("state") == DONE and contents
    if not answered or (message.payload or "").startswith(INTERNAL):
        return None
    return contents[-1].secret


async def state_of(store: Store, inbox_id: str) -> str | None:
    """waiting, done or parked; None when there is no such message."""
    async with store.read() as connection:
        state: str | None = await connection.scalar(_state(), {"message": inbox_id})
        return state


@cache
def _state() -> Any:
    return select(Inbox.state).where(Inbox.id == bindparam("message"))


async def is_waiting(store: Store, conversation_id: str) -> bool:
    """Whether a message of the conversation waits for its answer."""
    waiting = exists().where(Inbox.conversation_id == conversation_id, Inbox.state == WAITING)
    async with store.read() as connection:
        return bool(await connection.scalar(select(waiting)))


async def queue_length(store: Store) -> int:
    """How many messages wait for their answer."""
    return await _count(store, WAITING)


async def parked_count(store: Store) -> int:
    """How many messages could not be answered."""
    return await _count(store, PARKED)


async def _count(store: Store, state: str) -> int:
    async with store.read() as connection:
        found = await connection.scalar(select(func.count()).select_from(Inbox).where(Inbox.state == state))
        return found or 0


async def parked(store: Store, limit: int = 100) -> list[Parked]:
    """The messages that could not be answered, the latest first: for staff to look at."""
    columns: Any = [getattr(Inbox, field.name) for field in fields(Parked)]
    async with store.read() as connection:
        rows = await connection.execute(
            select(*columns).where(Inbox.state == PARKED).order_by(Inbox.finished_at.desc()).limit(limit)
        )
        return [Parked(*row) for row in rows]
