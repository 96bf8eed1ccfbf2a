"""The inbox and the outbox: what was received and not yet answered, and what was answered."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    false,
    insert,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from troly.clock import now
from troly.tables.base import Base, JsonText, UtcDateTime
from troly.tables.conversations import Conversation

_BigId = BigInteger().with_variant(Integer, "sqlite")

WAITING = "waiting"
DONE = "done"
PARKED = "parked"
HELD = "held"
"""An inbox row that is for staff, who hold the conversation: the assistant never answers it."""
SENT = "sent"
FAILED = "failed"


class Inbox(Base):
    """A citizen's message: stored before it is acknowledged, waiting until its answer is stored."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("channel", "message_id"),
        UniqueConstraint("conversation_id", "number"),
        # What a worker looks for; finished rows are not in it, so it stays small.
        Index(
            "ix_inbox_due",
            "due_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_inbox_order",
            "conversation_id",
            "number",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        # What the console lists.
        Index(
            "ix_inbox_parked",
            "finished_at",
            sqlite_where=text("state = 'parked'"),
            postgresql_where=text("state = 'parked'"),
        ),
        # Whose numbers are still to be masked (channels/identifiers.py).
        Index(
            "ix_inbox_identifying",
            "id",
            sqlite_where=text("identifying"),
            postgresql_where=text("identifying"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    channel: Mapped[str] = mapped_column(String(20))
    message_id: Mapped[str] = mapped_column(String(200))
    """The platform's id: a redelivery carries the same."""
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    """1, 2, 3… within the conversation: the order in which messages are answered."""
    text: Mapped[str | None] = mapped_column(Text)
    payload: Mapped[str | None] = mapped_column(Text)
    media: Mapped[Any] = mapped_column(JsonText, nullable=True)
    secret: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """The text answers a question for what must not be kept: encrypted until the answer, then masked."""
    identifying: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """The text holds a number that leads to a person, and that is masked when it is not needed any more."""
    visitor: Mapped[str | None] = mapped_column(String(32))
    """Keyed hash of the address that a visitor of the website wrote from, until the answer."""
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(10), default=WAITING)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When a worker may take it: at once, after a pause, or when the lease of a dead worker is over."""
    claim: Mapped[str | None] = mapped_column(String(32))
    """Names the worker's present try; a worker whose lease went to another finds another name here."""
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    notified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the citizen was told that the answer takes longer."""
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(String(80))
    """Why it is parked, or why its last try failed; never a citizen's words."""


class Outbox(Base):
    """One thing told to the citizen, numbered within the conversation."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("conversation_id", "number"),
        Index("ix_outbox_inbox_id", "inbox_id"),
        # What the sender looks for; replies of the web, and those that are sent, are in neither.
        Index(
            "ix_outbox_due",
            "due_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_outbox_order",
            "conversation_id",
            "number",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_outbox_failed",
            "created_at",
            sqlite_where=text("state = 'failed'"),
            postgresql_where=text("state = 'failed'"),
        ),
    )

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    """1, 2, 3… within the conversation: the event id of Server-Sent Events."""
    kind: Mapped[str] = mapped_column(String(10))
    """reply; notice, which is no part of the transcript; farewell, after which nothing is kept."""
    inbox_id: Mapped[str | None] = mapped_column(String(32))
    """The message it answers; none for greetings and for what staff says."""
    content: Mapped[Any] = mapped_column(JsonText)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    channel: Mapped[str | None] = mapped_column(String(20))
    """Whose platform must be called; none for the web, whose readers fetch their replies. So below."""
    state: Mapped[str | None] = mapped_column(String(10))
    """waiting, sent or failed."""
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the sender may take it: at once, after a pause, or when the lease of a dead sender is over."""
    claim: Mapped[str | None] = mapped_column(String(32))
    """Names the sender that is calling the platform. Still there after its lease: how the call ended is
    unknown, and the next claim counts it in `repeated`."""
    attempts: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Tries that count; waiting for a rate limit is none."""
    parts_sent: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """A reply may need several calls; a retry goes on after those that were taken."""
    repeated: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """How often a call was made again whose outcome is unknown: the citizen may have seen it twice."""
    platform_ids: Mapped[Any] = mapped_column(JsonText, nullable=True)
    """The platform's ids of the parts that were taken."""
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(String(80))
    """Why it failed, or why its last try did; never a citizen's words or id."""


INTERNAL = "/tell_"
"""Payloads that begin so come from us: citizens cannot send them, and transcripts leave them out."""


async def enqueue(
    connection: AsyncConnection, conversation_id: str, message_id: str, payload: str
) -> str | None:
    """Have the assistant say something by itself: store `payload` as a message of the conversation.

    Within the caller's transaction, so that it is said when, and only when, what it is about is stored.
    message_id is unique in the channel ("notice:<id>"): a second one raises IntegrityError. None when the
    conversation is gone.
    """
    # As channels/inbox.py does: arrivals of one conversation wait for each other here.
    found = await connection.execute(
        update(Conversation)
        .where(Conversation.id == conversation_id)
        .values(last_message=Conversation.last_message + 1)
        .returning(Conversation.last_message, Conversation.channel)
    )
    row = found.first()
    if row is None:
        return None
    moment, identity = now(), uuid.uuid4().hex
    await connection.execute(
        insert(Inbox).values(
            id=identity,
            channel=row.channel,
            message_id=message_id,
            conversation_id=conversation_id,
            number=row.last_message,
            payload=payload,
            received_at=moment,
            state=WAITING,
            due_at=moment,
            attempts=0,
        )
    )
    return identity
