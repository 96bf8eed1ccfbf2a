"""Counting a day: from what is stored of it, and from what erased conversations left behind.

| kind | name |
| conversation | |
| status | how an answer ended |
| channel, language | of the message |
| person | the day on which they were there before, empty for a new one |
| procedure, aspect, commune | asked about |
| took | class of the time to an answer |
| rating | good, middle, bad |
| handover | what became of it |
| wait | class of the wait for an official |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import case, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from troly.clock import VIETNAM
from troly.tables.conversations import Conversation, Rating
from troly.tables.counts import DailyCount
from troly.tables.figures import ALL, MORE, TIMES, WAITS, class_of
from troly.tables.handover import Handover
from troly.tables.turns import Turn

Key = tuple[str, str, str, str]
"""kind, channel, language, name."""

NARROW = ("conversation", "status", "channel", "language", "took", "rating", "handover", "wait")
"""Kinds with few names, charted by day."""
WIDE = ("procedure", "aspect", "commune")
"""Kinds with many names: summed over a period only."""
MONTHLY = NARROW + WIDE
"""What a month's days add up to; people do not, who come on several days."""


def opinion(scale: str, value: int) -> str:
    """A rating as good, middle or bad, as on the turns (troly/tables/turns.py)."""
    if scale == "thumb":
        return "good" if value else "bad"
    return "good" if value > 3 else "bad" if value < 3 else "middle"


async def count_day(connection: AsyncConnection, day: date) -> Counter[Key]:
    """What happened on a day, for each channel and language, and for all of them together (ALL)."""
    found: Counter[Key] = Counter()
    for part in (_kept, _communes, _times, _people, _ratings, _handovers):
        async for kind, channel, language, name, number in part(connection, day):
            for one in (channel, ALL):
                for other in (language or "", ALL):
                    found[kind, one, other, name] += number
    return found


async def _kept(connection: AsyncConnection, day: date) -> Any:
    """What was counted with each answer, and what erased conversations left."""
    rows = await connection.execute(
        select(
            DailyCount.channel, DailyCount.language, DailyCount.kind, DailyCount.name, DailyCount.detail,
            DailyCount.number,
        ).where(DailyCount.day == day)
    )  # fmt: skip
    for row in rows:
        for kind, name in _named(row.kind, row.name, row.detail, row.channel, row.language):
            yield kind, row.channel, row.language, name, row.number


def _named(kind: str, name: str, detail: str, channel: str, language: str) -> Iterator[tuple[str, str]]:
    if kind == "turn":
        yield from (("status", detail), ("channel", channel), ("language", language))
    elif kind == "procedure":
        yield from (("procedure", name), ("aspect", detail))
    elif kind == "rating":
        yield "rating", opinion(name, int(detail))
    elif kind in ("conversation", "person", "commune", "took", "handover", "wait"):
        yield kind, name


async def _communes(connection: AsyncConnection, day: date) -> Any:
    rows = await connection.execute(
        select(Turn.channel, Turn.language, Turn.commune, func.count())
        .where(*within(Turn.at, day), Turn.commune.is_not(None))
        .group_by(Turn.channel, Turn.language, Turn.commune)
    )
    for channel, language, commune, number in rows:
        yield "commune", channel, language, commune, number


async def _times(connection: AsyncConnection, day: date) -> Any:
    classes = case(*((Turn.ms <= end * 1000, literal(str(end))) for end in TIMES), else_=MORE)
    fitting = select(Turn.channel, Turn.language, classes.label("class")).where(*within(Turn.at, day))
    made = fitting.subquery()
    rows = await connection.execute(
        select(made.c.channel, made.c.language, made.c["class"], func.count()).group_by(
            made.c.channel, made.c.language, made.c["class"]
        )
    )
    for channel, language, name, number in rows:
        yield "took", channel, language, name, number


async def _people(connection: AsyncConnection, day: date) -> Any:
    """Each conversation of the day once; a conversation is one citizen on one channel."""
    first = (
        select(Turn.conversation_id, func.min(Turn.number).label("number"))
        .where(*within(Turn.at, day))
        .group_by(Turn.conversation_id)
        .subquery()
    )
    here, before = aliased(Turn), aliased(Turn)
    last = (
        select(before.at)
        .where(before.conversation_id == first.c.conversation_id, before.number < first.c.number)
        .order_by(before.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = await connection.execute(
        select(here.channel, here.language, last.label("last")).join(
            first, (here.conversation_id == first.c.conversation_id) & (here.number == first.c.number)
        )
    )
    for channel, language, at in rows:
        yield "person", channel, language, at.astimezone(VIETNAM).date().isoformat() if at else "", 1


async def _ratings(connection: AsyncConnection, day: date) -> Any:
    rows = await connection.execute(
        select(Conversation.channel, Conversation.language, Rating.scale, Rating.value)
        .join(Conversation, Conversation.id == Rating.conversation_id)
        .where(*within(Rating.created_at, day))
    )
    for channel, language, scale, value in rows:
        yield "rating", channel, language, opinion(scale, value), 1


async def _handovers(connection: AsyncConnection, day: date) -> Any:
    rows = await connection.execute(
        select(
            Conversation.channel, Conversation.language, Handover.state, Handover.asked_at,
            Handover.claimed_at,
        )
        .join(Conversation, Conversation.id == Handover.conversation_id)
        .where(*within(Handover.asked_at, day))
    )  # fmt: skip
    for channel, language, state, asked, claimed in rows:
        yield "handover", channel, language, state, 1
        if claimed:
            yield "wait", channel, language, class_of((claimed - asked).total_seconds(), WAITS), 1


def within(column: Any, day: date) -> tuple[Any, Any]:
    """The conditions under which a time lies on a day of Vietnam's."""
    return column >= midnight(day), column < midnight(day + timedelta(days=1))


def midnight(day: date) -> datetime:
    """When a day begins in Vietnam."""
    return datetime.combine(day, time(), VIETNAM)
