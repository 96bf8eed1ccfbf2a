"""Conversations that an official was asked to take over, messages left for one, and who is at the desk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from troly.clock import now
from troly.tables import counts
from troly.tables.base import Base, UtcDateTime
from troly.tables.conversations import Conversation
from troly.tables.counts import Count
from troly.tables.figures import WAITS, class_of

# SQLite numbers rows only for a column that is exactly INTEGER.
_BigId = BigInteger().with_variant(Integer, "sqlite")

WAITING = "waiting"
HELD = "held"
MESSAGE = "message"
CLOSED = "closed"
EXPIRED = "expired"
CANCELLED = "cancelled"

PRESENT = timedelta(minutes=3)
"""So long after the console last said so, an official counts as being at the desk."""

_LAST = 20
_FEWEST = 3
_RECENT = timedelta(days=30)


class Handover(Base):
    """One wish to speak to a person, from asking until it is settled."""

    __tablename__ = "handover"
    __table_args__ = (
        # A conversation asks for one person at a time.
        Index(
            "uq_handover_open",
            "conversation_id",
            unique=True,
            sqlite_where=text("state in ('waiting', 'held')"),
            postgresql_where=text("state in ('waiting', 'held')"),
        ),
        Index("ix_handover_conversation_id", "conversation_id"),
        Index("ix_handover_queue", "state", "asked_at"),
    )

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(10))
    """waiting (for an official), held (by one), message (left, to be looked at); ended as closed, expired
    (nobody came) or cancelled (by the citizen)."""
    reason: Mapped[str] = mapped_column(String(40), default="")
    """The intent of the turn that led to it."""
    unit: Mapped[str] = mapped_column(String(80), default="")
    """To which unit it was transferred; empty: the common desk."""
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    claimed_by: Mapped[str | None] = mapped_column(String(80))
    """The official's account in the console."""
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """First taken; stays when it is transferred."""
    active_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the official last did something."""
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the citizen, asking on, was told that an official has been asked."""
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    contact: Mapped[str | None] = mapped_column(Text)
    """Where to call back, encrypted; only given with consent."""
    message: Mapped[str | None] = mapped_column(Text)
    """What the message left is about, encrypted."""


class DeskPresence(Base):
    """An official who has the console open."""

    __tablename__ = "desk_presence"

    officer: Mapped[str] = mapped_column(String(80), primary_key=True)
    unit: Mapped[str] = mapped_column(String(80), default="")
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True)
class Desk:
    """How things stand for a citizen who wants a person."""

    present: int
    """Officials who have the console open now."""
    ahead: int
    """Citizens who wait, and asked before this one."""
    minutes: int | None
    """The median wait of the last handovers; None while there are too few to say."""
    state: str | None
    """waiting or held, when this citizen has already asked."""
    asked_at: datetime | None
    """When they asked."""


async def desk(connection: AsyncConnection, conversation_id: str) -> Desk:
    """The desk as one citizen finds it."""
    moment = now()
    own = (
        await connection.execute(
            select(Handover.state, Handover.asked_at).where(
                Handover.conversation_id == conversation_id, Handover.state.in_((WAITING, HELD))
            )
        )
    ).first()
    present = await connection.scalar(
        select(func.count()).select_from(DeskPresence).where(DeskPresence.seen_at > moment - PRESENT)
    )
    ahead = await connection.scalar(
        select(func.count())
        .select_from(Handover)
        .where(Handover.state == WAITING, Handover.asked_at < (own.asked_at if own else moment))
    )
    taken = await connection.execute(
        select(Handover.asked_at, Handover.claimed_at)
        .where(Handover.claimed_at.is_not(None), Handover.claimed_at > moment - _RECENT)
        .order_by(Handover.claimed_at.desc())
        .limit(_LAST)
    )
    waits = [(claimed - asked).total_seconds() for asked, claimed in taken if claimed]
    return Desk(
        present or 0,
        ahead or 0,
        math.ceil(median(waits) / 60) if len(waits) >= _FEWEST else None,
        own.state if own else None,
        own.asked_at if own else None,
    )


async def count_handovers(connection: AsyncConnection, conversation_id: str) -> Sequence[str]:
    """Keep the figures of a conversation's handovers, which go with it: how many, and what became of them."""
    rows = await connection.execute(
        select(
            Conversation.channel,
            Conversation.language,
            Handover.state,
            Handover.asked_at,
            Handover.claimed_at,
        )
        .join(Conversation, Conversation.id == Handover.conversation_id)
        .where(Handover.conversation_id == conversation_id)
    )
    found: list[Count] = []
    for channel, language, state, asked, claimed in rows:
        found.append(Count(channel, language, "handover", state, day=asked))
        if claimed:
            wait = class_of((claimed - asked).total_seconds(), WAITS)
            found.append(Count(channel, language, "wait", wait, day=asked))
    await counts.add(connection, found)
    return ()
