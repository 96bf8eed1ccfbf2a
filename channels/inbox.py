"""The inbox: a message that comes in is stored once, and numbered within its conversation.

Who answers it, and when: channels/claiming.py. How it leaves: channels/concluding.py.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import bindparam, exists, func, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.base import Inbound
from channels.store import Store
from troly.masking import identifying
from troly.tables.conversations import STAFF, Conversation
from troly.tables.delivery import PARKED, WAITING, Inbox


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a message that came in."""

    id: str
    fresh: bool
    """False for a redelivery: the id is that of the first delivery."""


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
        "text": _sealed(message) if secret else message.text,
        "payload": message.payload,
        "media": _without_caption(message.media) if secret else message.media,
        "secret": secret,
        "identifying": not secret and identifying(message.text, message.payload),
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


def _sealed(message: Inbound) -> str | None:
    return message.seal(message.text) if message.seal and message.text else None


def _without_caption(media: dict[str, Any] | None) -> dict[str, Any] | None:
    """What was sent, without the words beside it, which are the message's text."""
    return media and {name: value for name, value in media.items() if name != "caption"}


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
    # Written out, as in the partial indexes: with a bound value the planner would not use them.
    those = Inbox.state == literal_column(f"'{state}'")
    async with store.read() as connection:
        return await connection.scalar(select(func.count()).select_from(Inbox).where(those)) or 0
