"""Figures counted ahead: finished days and months, so that the console's pages need not read every turn.

A day's figures are made of what the database holds of that day and of `daily_count`, where erasing leaves
what goes (count_turns and its likes). They can therefore be made again at any time, with the same result.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Date, Index, Integer, String, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from troly.clock import VIETNAM
from troly.tables import counts
from troly.tables.base import Base, UtcDateTime
from troly.tables.counts import Count
from troly.tables.turns import Turn

ALL = "*"
"""Any channel, any language: the sum over them is stored too."""

TIMES = (1, 2, 3, 5, 8, 15, 30, 60)
"""Upper ends, in seconds, of the classes of the time to an answer of the assistant."""
WAITS = (60, 300, 900, 1_800, 3_600, 14_400, 86_400)
"""Upper ends, in seconds, of the classes of the wait for an official."""
MORE = "more"
"""The class above the last."""


class Figure(Base):
    """How often something happened on a finished day, or in a finished month (`day` is its first).

    The kinds are those of console/figures/counting.py.
    """

    __tablename__ = "figure"
    # A day that is counted anew is taken out by this; pages read along the primary key.
    __table_args__ = (Index("ix_figure_day", "day"),)

    span: Mapped[str] = mapped_column(String(5), primary_key=True)
    """day or month."""
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    language: Mapped[str] = mapped_column(String(8), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    number: Mapped[int] = mapped_column(Integer)


class FigureSpan(Base):
    """A day or month that has been counted."""

    __tablename__ = "figure_span"

    span: Mapped[str] = mapped_column(String(5), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    counted_at: Mapped[datetime] = mapped_column(UtcDateTime)


def class_of(seconds: float, ends: Sequence[int]) -> str:
    """The class of a time: its upper end as text."""
    return next((str(end) for end in ends if seconds <= end), MORE)


async def count_turns(connection: AsyncConnection, conversation_id: str) -> None:
    """Keep the figures of a conversation's turns, which go with it: communes, times, days with a person."""
    rows = await connection.execute(
        select(Turn.channel, Turn.language, Turn.at, Turn.commune, Turn.ms)
        .where(Turn.conversation_id == conversation_id)
        .order_by(Turn.number)
    )
    found: list[Count] = []
    last: date | None = None
    for channel, language, at, commune, ms in rows:
        day = at.astimezone(VIETNAM).date()
        if day != last:
            # Who was there before, and when last: what tells new people from those who come back.
            found.append(Count(channel, language, "person", last.isoformat() if last else "", day=at))
            last = day
        if commune:
            found.append(Count(channel, language, "commune", commune, day=at))
        found.append(Count(channel, language, "took", class_of(ms / 1000, TIMES), day=at))
    await counts.add(connection, found)
