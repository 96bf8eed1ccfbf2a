"""Masks the numbers that citizens write unasked, once nothing needs them any more.

A phone or ID number in a message is needed until the service in which it was written has ended, and otherwise
for IDENTIFIER_HOURS; while an official is asked for or answers, it stays. Then it is masked wherever the
conversation keeps it: in the message, in Rasa's log and slots, and in answers that repeated it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from channels.store import Store
from troly.clock import now
from troly.masking import identifiers, identifying
from troly.privacy import MASK
from troly.settings import Settings
from troly.tables.conversations import Conversation
from troly.tables.delivery import WAITING, Inbox, Outbox
from troly.tables.tracker import TrackerEvent, TrackerSnapshot
from troly.text import WORD_SIGN

_BATCH = 100
_FORM_LASTS = timedelta(hours=12)
"""As session_expiration_time in bot/domain/domain.yml: a form that was left so long ago is over."""

_CLOCKS_APART = timedelta(minutes=1)
"""Rasa's events have the time of Rasa's machine."""

_BETWEEN = r"[\s.()\-]{0,3}"


@dataclass(frozen=True, slots=True)
class _Message:
    """A message with identifiers, and how its conversation stands."""

    id: str
    conversation_id: str
    text: str | None
    payload: str | None
    media: dict[str, Any] | None
    received_at: datetime
    active_at: datetime
    active_loop: str | None


async def mask_due(store: Store, settings: Settings, *, most: int = 300) -> int:
    """Mask what is not needed any more, each message in its own transaction; gives how many, about `most`.

    Safe to repeat, to cut off, and to run in several processes at once.
    """
    kept = timedelta(hours=settings.identifier_hours)
    masked, last = 0, ""
    while masked < most:
        async with store.read() as connection:
            rows = (await connection.execute(_marked(last))).all()
            found = [_Message(*row) for row in rows]
            due = [message for message in found if await _is_due(connection, message, kept)]
        for message in due:
            masked += await _mask_if_due(store, message, kept)
        if len(rows) < _BATCH:
            break
        last = found[-1].id
    return masked


def _marked(after: str, only: str | None = None) -> Any:
    """Messages that are answered, in conversations in which nothing is going on."""
    other = aliased(Inbox)
    waits = exists().where(other.conversation_id == Inbox.conversation_id, other.state == WAITING)
    leaves = exists().where(Outbox.conversation_id == Inbox.conversation_id, Outbox.state == WAITING)
    chosen = Inbox.id == only if only else Inbox.id > after
    return (
        select(
            Inbox.id,
            Inbox.conversation_id,
            Inbox.text,
            Inbox.payload,
            Inbox.media,
            Inbox.received_at,
            Conversation.active_at,
            TrackerSnapshot.active_loop,
        )
        .join(Conversation, Conversation.id == Inbox.conversation_id)
        .outerjoin(TrackerSnapshot, TrackerSnapshot.sender_id == Inbox.conversation_id)
        .where(Inbox.identifying, chosen, Conversation.handover.is_(None), ~waits, ~leaves)
        .order_by(Inbox.id)
        .limit(_BATCH)
    )


async def _mask_if_due(store: Store, message: _Message, kept: timedelta) -> bool:
    async with store.write() as connection:
        # Whoever stores a message or an answer waits here, or we for them; it takes SQLite's write lock, too.
        await connection.execute(
            update(Conversation)
            .where(Conversation.id == message.conversation_id)
            .values(active_at=Conversation.active_at)
        )
        row = (await connection.execute(_marked("", only=message.id))).first()
        if row is None:
            return False  # meanwhile erased, masked by another gateway, or the citizen goes on
        message = _Message(*row)
        if not await _is_due(connection, message, kept):
            return False
        await _mask(connection, message)
    return True


async def _is_due(connection: AsyncConnection, message: _Message, kept: timedelta) -> bool:
    if message.active_loop and message.active_at > now() - _FORM_LASTS:
        return False
    return message.received_at <= now() - kept or await _service_ended(connection, message)


async def _service_ended(connection: AsyncConnection, message: _Message) -> bool:
    """Whether a form was completed or given up since the message was written."""
    loops = await connection.scalars(
        select(TrackerEvent.data).where(
            TrackerEvent.sender_id == message.conversation_id,
            TrackerEvent.type == "active_loop",
            TrackerEvent.timestamp >= message.received_at.timestamp(),
        )
    )
    return any(data.get("name") is None for data in loops)


async def _mask(connection: AsyncConnection, message: _Message) -> None:
    shared = message.payload if identifying(None, message.payload) else None
    traces = _pattern(written for written in (message.text, shared) if written)
    values: dict[str, Any] = {"identifying": False}
    if traces:
        values |= {name: _without(getattr(message, name), traces) for name in ("text", "payload", "media")}
    await connection.execute(update(Inbox).where(Inbox.id == message.id).values(**values))
    if traces:
        await _mask_elsewhere(connection, message, traces)


async def _mask_elsewhere(connection: AsyncConnection, message: _Message, traces: re.Pattern[str]) -> None:
    """In what Rasa remembers, and in answers since."""
    since = message.received_at - _CLOCKS_APART
    mine = TrackerEvent.sender_id == message.conversation_id
    events = select(TrackerEvent.id, TrackerEvent.data).where(
        mine, TrackerEvent.timestamp >= since.timestamp()
    )
    await _clean(connection, TrackerEvent.id, TrackerEvent.data, events, traces)
    slots = select(TrackerSnapshot.sender_id, TrackerSnapshot.slots).where(
        TrackerSnapshot.sender_id == message.conversation_id
    )
    await _clean(connection, TrackerSnapshot.sender_id, TrackerSnapshot.slots, slots, traces)
    answers = select(Outbox.id, Outbox.content).where(
        Outbox.conversation_id == message.conversation_id, Outbox.created_at >= since
    )
    await _clean(connection, Outbox.id, Outbox.content, answers, traces)


async def _clean(
    connection: AsyncConnection, key: Any, column: Any, rows: Any, traces: re.Pattern[str]
) -> None:
    """Mask the traces in a column of JSON values; `rows` selects key and value."""
    found = [(identity, value, _without(value, traces)) for identity, value in await connection.execute(rows)]
    changed = [{"row": identity, "cleaned": after} for identity, before, after in found if before != after]
    if changed:
        statement = update(key.class_).where(key == bindparam("row"))
        await connection.execute(statement.values({column.key: bindparam("cleaned")}), changed)


def _pattern(texts: Iterable[str]) -> re.Pattern[str] | None:
    """Finds the identifiers of these texts however they are parted; None where there are none."""
    found = {text[span.start : span.end] for text in texts for span in identifiers(text)}
    written = [_anyhow(one) for one in sorted(found, key=len, reverse=True)]
    return re.compile("|".join(written), re.IGNORECASE) if written else None


def _anyhow(identifier: str) -> str:
    if "@" in identifier:
        return rf"(?<![\w.+-]){re.escape(identifier)}(?![\w-])"
    signs = "".join(sign for sign in identifier if sign.isalnum())
    if signs.startswith("84") and len(signs) in (11, 12):
        signs = "0" + signs[2:]
    if signs.startswith("0") and len(signs) in (10, 11):
        return rf"(?<!\d)(?:\(?\+?84\)?{_BETWEEN}0?|0){_BETWEEN}{_BETWEEN.join(signs[1:])}(?!\d)"
    return rf"(?<!{WORD_SIGN}){_BETWEEN.join(map(re.escape, signs))}(?!{WORD_SIGN})"


def _without(value: Any, traces: re.Pattern[str]) -> Any:
    """The same JSON value with the mask in place of each trace."""
    if isinstance(value, str):
        return traces.sub(MASK, value)
    if isinstance(value, dict):
        return {name: _without(inner, traces) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without(inner, traces) for inner in value]
    return value
