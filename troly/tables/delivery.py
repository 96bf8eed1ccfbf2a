"""The inbox and the outbox: what was received and not yet answered, and what was answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from troly.tables.base import Base, JsonText, UtcDateTime

_BigId = BigInteger().with_variant(Integer, "sqlite")

WAITING = "waiting"
DONE = "done"
PARKED = "parked"


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
    )

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    """1, 2, 3… within the conversation: the event id of Server-Sent Events."""
    kind: Mapped[str] = mapped_column(String(10))
    """reply or notice."""
    inbox_id: Mapped[str | None] = mapped_column(String(32))
    """The message it answers; none for greetings and for what staff says."""
    content: Mapped[Any] = mapped_column(JsonText)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
