"""Who wants to be told of changes of which application, what was told, and how the portal is watched."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    delete,
    exists,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from troly.tables.base import Base, JsonText, UtcDateTime

_BigId = BigInteger().with_variant(Integer, "sqlite")


class Subscription(Base):
    """A conversation's wish to be told; it goes with the conversation when that is erased."""

    __tablename__ = "subscription"
    __table_args__ = (
        Index(
            "uq_subscription_running",
            "conversation_id",
            "code",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_subscription_code",
            "code",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversation.id", ondelete="CASCADE"), index=True
    )
    code: Mapped[str] = mapped_column(String(60))
    """The application's code."""
    procedure_name: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When the citizen agreed."""
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_reason: Mapped[str | None] = mapped_column(String(20))
    """citizen, finished, lost (the portal no longer knows it) or stale."""


class WatchedApplication(Base):
    """An application that somebody follows, as it was when last looked up."""

    __tablename__ = "watched_application"
    __table_args__ = (Index("ix_watched_application_due_at", "due_at"),)

    code: Mapped[str] = mapped_column(String(60), primary_key=True)
    state: Mapped[Any] = mapped_column(JsonText)
    """What is compared (portal/changes.py); nothing about the owner."""
    version: Mapped[int] = mapped_column(Integer, default=1)
    """Counts the changes: whoever writes the next one names the one before."""
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When it is looked up next."""
    misses: Mapped[int] = mapped_column(Integer, default=0)
    """Look-ups in a row that did not find it."""
    appointment: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """The date on which the result is due, while it runs."""


class Notice(Base):
    """One thing told to one citizen, stored together with the message that makes the assistant say it."""

    __tablename__ = "notice"
    __table_args__ = (UniqueConstraint("subscription_id", "change_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscription.id", ondelete="CASCADE"))
    change_id: Mapped[str] = mapped_column(String(40))
    """v<version> of the application, or due:<day> for a reminder."""
    kind: Mapped[str] = mapped_column(String(12))
    """changed, appointment, found (looked up for the first time), reminder or lost."""
    state: Mapped[Any] = mapped_column(JsonText)
    """The application as it was then."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    repeated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was told again because the platform had refused it at the time."""


class PortalChange(Base):
    """What the portal's signed webhook told, until the watcher has looked the application up."""

    __tablename__ = "portal_change"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    """The portal's id of the change: a repetition carries the same."""
    code: Mapped[str] = mapped_column(String(60))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class Watch(Base):
    """How far the portal's feed of changes was read."""

    __tablename__ = "watch"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    cursor: Mapped[str] = mapped_column(String(200), default="")
    etag: Mapped[str] = mapped_column(String(200), default="")


async def erase_subscriptions(connection: AsyncConnection, conversation_id: str) -> None:
    """Delete what a conversation follows, and stop watching what nobody else does. For troly/erasure.py."""
    mine = Subscription.conversation_id == conversation_id
    codes = (await connection.scalars(select(Subscription.code).where(mine).distinct())).all()
    if not codes:
        return
    await connection.execute(delete(Subscription).where(mine))
    await connection.execute(
        delete(WatchedApplication).where(
            WatchedApplication.code.in_(codes), ~exists().where(Subscription.code == WatchedApplication.code)
        )
    )
