"""What staff switched by hand, and what all citizens were told: read by every process within seconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from troly.settings import Settings
from troly.tables.base import Base, JsonText, UtcDateTime

_BigId = BigInteger().with_variant(Integer, "sqlite")

OFF = "off:"
"""Followed by a channel's name, or by * for all: {"vi", "en"}, what citizens are told instead."""
EVERYWHERE = "*"
BANNER = "banner"
"""{"id", "vi", "en"}: an incident."""
THRESHOLDS = "thresholds"
"""{name of LIMITS: number}."""
RETENTION = "retention"
"""{"plain", "with_report"}: days."""

RUNNING = "running"
STOPPED = "stopped"
DONE = "done"
RESERVE = "reserve"
"""What is left of Zalo's messages is kept for answers: the others were not told. Staff may go on later."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A number of understanding that staff may change, and how far."""

    usual: float
    """As in bot/understanding/knobs.py (a test compares them)."""
    least: float
    most: float


LIMITS = {
    "answer": Limit(0.82, 0.30, 0.95),
    "answer_english": Limit(0.82, 0.30, 0.95),
    "found": Limit(0.65, 0.30, 0.95),
    "reject": Limit(0.5, 0.20, 0.95),
}
RETENTION_LEAST, RETENTION_MOST = 7, 3650
"""Days."""


class Control(Base):
    """One thing that is switched away from the settings; no row: as the settings say."""

    __tablename__ = "control"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[Any] = mapped_column(JsonText)
    set_by: Mapped[str] = mapped_column(String(60))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ControlTold(Base):
    """What a conversation was told because of a control, and when last."""

    __tablename__ = "control_told"

    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True
    )
    what: Mapped[str] = mapped_column(String(40), primary_key=True)
    """off, or banner:<id>."""
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Broadcast(Base):
    """Something told to many citizens."""

    __tablename__ = "broadcast"
    __table_args__ = (
        Index(
            "ix_broadcast_running",
            "id",
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
    )

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    text_vi: Mapped[str] = mapped_column(Text)
    text_en: Mapped[str] = mapped_column(Text)
    channels: Mapped[Any] = mapped_column(JsonText)
    """Names."""
    days: Mapped[int] = mapped_column(Integer)
    """To conversations in which the citizen wrote within so many days."""
    state: Mapped[str] = mapped_column(String(10))
    """running, stopped, done or reserve."""
    total: Mapped[int] = mapped_column(Integer)
    created_by: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class BroadcastTarget(Base):
    """A conversation that a broadcast is for; told once."""

    __tablename__ = "broadcast_target"
    __table_args__ = (Index("ix_broadcast_target_conversation_id", "conversation_id"),)

    broadcast_id: Mapped[int] = mapped_column(
        ForeignKey("broadcast.id", ondelete="CASCADE"), primary_key=True
    )
    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True
    )
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class BroadcastRefusal(Base):
    """A citizen who wants no broadcasts."""

    __tablename__ = "broadcast_refusal"

    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True
    )
    at: Mapped[datetime] = mapped_column(UtcDateTime)


async def value_of(connection: AsyncConnection, name: str) -> Any:
    """The value of a control; None where it is as the settings say."""
    return await connection.scalar(select(Control.value).where(Control.name == name))


async def retention_days(connection: AsyncConnection, settings: Settings) -> tuple[int, int]:
    """How many days conversations are kept, without and with a report."""
    given = await value_of(connection, RETENTION) or {}
    return (
        int(given.get("plain", settings.retention_days)),
        int(given.get("with_report", settings.retention_days_with_report)),
    )
