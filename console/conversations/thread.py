"""One conversation as staff read it: lines in order, with what belongs to each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from console.conversations.seen import Seen, seen_of
from console.conversations.sent import Sent, sent_of
from console.errors import Missing
from troly.tables.conversations import Conversation, Rating
from troly.tables.delivery import INTERNAL, Inbox, Outbox
from troly.tables.handover import Handover
from troly.tables.marks import ConversationFlag, ConversationNote, ConversationTag
from troly.tables.turns import Turn

_LINES = 400
"""Messages and replies of one page; the newest, where there are more."""


@dataclass(frozen=True, slots=True)
class Message:
    """What the citizen wrote or pressed, and what came of it."""

    id: str
    number: int
    at: datetime
    text: str | None
    payload: str | None
    pressed: str | None
    """The title of the button."""
    sent: Sent | None
    """What came besides words."""
    state: str
    turn: Row[Any] | None
    seen: Seen | None
    rating: Row[Any] | None


@dataclass(frozen=True, slots=True)
class Said:
    """What the citizen was told."""

    number: int
    at: datetime
    kind: str
    sender: str
    text: str
    buttons: list[dict[str, str]]
    links: list[dict[str, str]]
    answer: dict[str, Any] | None
    rating: Row[Any] | None


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation with everything that staff see of it."""

    conversation: Row[Any]
    lines: list[Message | Said]
    shortened: bool
    """There are older lines than these."""
    tags: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    notes: list[Row[Any]] = field(default_factory=list)
    handovers: list[Row[Any]] = field(default_factory=list)
    rating: Row[Any] | None = None
    """Of the conversation as a whole."""


async def read(connection: AsyncConnection, conversation_id: str) -> Thread:
    """The thread. Raises Missing for a conversation that is not there, or was erased."""
    conversation = (
        await connection.execute(select(Conversation.__table__).where(Conversation.id == conversation_id))
    ).first()
    if conversation is None:
        raise Missing("conversations.gone")
    ratings = {row.target: row for row in await _of(connection, Rating, conversation_id)}
    said = await _said(connection, conversation_id, ratings)
    messages = await _messages(connection, conversation_id, ratings, said)
    lines: list[Message | Said] = [*messages, *said]
    lines.sort(key=lambda line: (line.at, isinstance(line, Said), line.number))
    tags = await _of(connection, ConversationTag, conversation_id)
    flags = await _of(connection, ConversationFlag, conversation_id)
    notes = await _of(connection, ConversationNote, conversation_id)
    handovers = await _of(connection, Handover, conversation_id)
    return Thread(
        conversation,
        lines,
        max(len(messages), len(said)) >= _LINES,
        sorted(row.tag for row in tags),
        sorted(row.kind for row in flags),
        sorted(notes, key=lambda row: row.written_at),
        sorted(handovers, key=lambda row: row.asked_at),
        ratings.get("conversation"),
    )


async def _of(connection: AsyncConnection, table: Any, conversation_id: str) -> list[Row[Any]]:
    rows = await connection.execute(select(table.__table__).where(table.conversation_id == conversation_id))
    return list(rows)


async def _said(
    connection: AsyncConnection, conversation_id: str, ratings: dict[str, Row[Any]]
) -> list[Said]:
    rows = await connection.execute(
        select(Outbox.number, Outbox.created_at, Outbox.kind, Outbox.content)
        .where(Outbox.conversation_id == conversation_id)
        .order_by(Outbox.number.desc())
        .limit(_LINES)
    )
    return [
        Said(
            row.number,
            row.created_at,
            row.kind,
            str(row.content.get("from") or "bot"),
            str(row.content.get("text") or ""),
            list(row.content.get("buttons") or ()),
            list(row.content.get("links") or ()),
            row.content.get("answer"),
            ratings.get(f"reply:{row.number}"),
        )
        for row in rows
    ]


async def _messages(
    connection: AsyncConnection, conversation_id: str, ratings: dict[str, Row[Any]], said: list[Said]
) -> list[Message]:
    turns = {
        row.message_id: row
        for row in await connection.execute(
            select(Turn.__table__)
            .where(Turn.conversation_id == conversation_id)
            .order_by(Turn.number.desc())
            .limit(_LINES)
        )
    }
    seen = await seen_of(connection, conversation_id)
    titles = {
        str(button.get("payload")): str(button.get("title"))
        for line in reversed(said)
        for button in line.buttons
    }
    rows = await connection.execute(
        select(Inbox.id, Inbox.number, Inbox.received_at, Inbox.text, Inbox.payload, Inbox.media, Inbox.state)
        .where(Inbox.conversation_id == conversation_id)
        .order_by(Inbox.number.desc())
        .limit(_LINES)
    )
    return [
        Message(
            row.id,
            row.number,
            row.received_at,
            row.text,
            row.payload,
            titles.get(row.payload or ""),
            sent_of(row.media, row.payload),
            row.state,
            turns.get(row.id),
            seen.get(row.id),
            ratings.get(f"message:{row.id}"),
        )
        for row in rows
        if not (row.payload or "").startswith(INTERNAL)
    ]
