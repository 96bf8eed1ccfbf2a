"""Finished days and months are counted once and kept; today is counted when somebody looks."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import delete, func, insert, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.store import Store
from console.figures.counting import MONTHLY, Key, count_day
from troly.clock import VIETNAM, now, today
from troly.tables.counts import DailyCount
from troly.tables.figures import Figure, FigureSpan
from troly.tables.turns import Turn

log = structlog.get_logger("figures")

AT_ONCE = 3
"""So many days are counted while somebody waits for a page; more, behind it."""
SETTLES = timedelta(days=7)
"""So long a finished day is counted anew each day: until then the handovers that began on it have ended."""
_FRESH = 20.0
"""Seconds for which today's figures are kept."""


@dataclass(slots=True)
class _Held:
    """What one process keeps."""

    day: date
    at: float
    figures: Counter[Key]


_today: WeakKeyDictionary[Store, _Held] = WeakKeyDictionary()
_running: WeakKeyDictionary[Store, asyncio.Task[None]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Due:
    """Finished days that are to be counted, in order."""

    missing: list[date]
    """Never counted yet."""
    settling: list[date]
    """Counted, but they may have changed since."""


async def up_to_date(store: Store) -> int:
    """See to it that finished days are counted; gives how many are still being counted behind the page."""
    async with store.read() as connection:
        days = await due(connection)
    if (task := _running.get(store)) and not task.done():
        return len(days.missing)
    if 0 < len(days.missing) <= AT_ONCE:
        await count_days(store, days.missing)
        days = Due([], days.settling)
    if days.missing or days.settling:
        _running[store] = asyncio.create_task(_behind(store))
    return len(days.missing)


async def _behind(store: Store) -> None:
    try:
        await count(store)
    except Exception as error:  # the next look at a page tries again
        log.error("counting_failed", error=type(error).__name__, exc_info=True)


async def count(store: Store, progress: Callable[[int], None] = lambda _count: None) -> int:
    """Count every finished day and month that is due, newest first; gives the number of days."""
    async with store.read() as connection:
        days = await due(connection)
    wanted = [*reversed(days.missing), *reversed(days.settling)]
    await count_days(store, wanted, progress)
    return len(wanted)


async def count_days(
    store: Store, days: list[date], progress: Callable[[int], None] = lambda _count: None
) -> None:
    """Count these days, each in a transaction of its own, and the months that they end."""
    for day in days:
        async with store.write() as connection:
            await _count_one(connection, day)
        progress(1)
    async with store.read() as connection:
        months = await _months_due(connection)
    for month in months:
        async with store.write() as connection:
            await _sum_month(connection, month)


async def due(connection: AsyncConnection) -> Due:
    """What is to be counted now."""
    first = await first_day(connection)
    here = today().date()
    if first is None or first >= here:
        return Due([], [])
    counted = {
        row.day: row.counted_at.astimezone(VIETNAM).date()
        for row in await connection.execute(
            select(FigureSpan.day, FigureSpan.counted_at).where(FigureSpan.span == "day")
        )
    }
    every = [first + timedelta(days=number) for number in range((here - first).days)]
    return Due(
        [day for day in every if day not in counted],
        [day for day in every if day in counted and counted[day] < min(here, day + SETTLES)],
    )


async def first_day(connection: AsyncConnection) -> date | None:
    """The first day of which anything is known."""
    counted = await connection.scalar(select(func.min(DailyCount.day)))
    turn: datetime | None = await connection.scalar(select(func.min(Turn.at)))
    kept = await connection.scalar(select(func.min(FigureSpan.day)).where(FigureSpan.span == "day"))
    days = [day for day in (counted, turn and turn.astimezone(VIETNAM).date(), kept) if day]
    return min(days) if days else None


async def today_of(store: Store) -> Counter[Key]:
    """Today's figures, at most twenty seconds old."""
    held, day = _today.get(store), today().date()
    if held is None or held.day != day or monotonic() - held.at > _FRESH:
        async with store.read() as connection:
            held = _Held(day, monotonic(), await count_day(connection, day))
        _today[store] = held
    return held.figures


def forget_today(store: Store) -> None:
    """Have today counted anew at the next look."""
    _today.pop(store, None)


async def _count_one(connection: AsyncConnection, day: date) -> None:
    # First of all, so that two processes that count the same day wait for each other.
    await _mark(connection, "day", day)
    figures = await count_day(connection, day)
    await connection.execute(delete(Figure).where(Figure.span == "day", Figure.day == day))
    rows = [
        {
            "span": "day", "kind": kind, "channel": channel, "language": language, "day": day,
            "name": name, "number": number,
        }
        for (kind, channel, language, name), number in sorted(figures.items())
        if number
    ]  # fmt: skip
    if rows:
        await connection.execute(insert(Figure), rows)


async def _months_due(connection: AsyncConnection) -> list[date]:
    """Finished months of which a day was counted after the month was."""
    rows = await connection.execute(select(FigureSpan.span, FigureSpan.day, FigureSpan.counted_at))
    days: dict[date, datetime] = {}
    months: dict[date, datetime] = {}
    for span, day, at in rows:
        first = day.replace(day=1)
        if span == "month":
            months[day] = at
        elif first not in days or at > days[first]:
            days[first] = at
    here = today().date().replace(day=1)
    return sorted(
        month for month, at in days.items() if month < here and (month not in months or months[month] < at)
    )


async def _sum_month(connection: AsyncConnection, month: date) -> None:
    await _mark(connection, "month", month)
    await connection.execute(delete(Figure).where(Figure.span == "month", Figure.day == month))
    columns = (Figure.kind, Figure.channel, Figure.language, Figure.name)
    summed = (
        select(
            literal("month"), Figure.kind, Figure.channel, Figure.language, literal(month),
            Figure.name, func.sum(Figure.number),
        )
        .where(
            Figure.span == "day",
            Figure.kind.in_(MONTHLY),
            Figure.day >= month,
            Figure.day < next_month(month),
        )
        .group_by(*columns)
    )  # fmt: skip
    await connection.execute(
        insert(Figure).from_select(["span", "kind", "channel", "language", "day", "name", "number"], summed)
    )


async def _mark(connection: AsyncConnection, span: str, day: date) -> None:
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    await connection.execute(
        dialect.insert(FigureSpan)
        .values(span=span, day=day, counted_at=now())
        .on_conflict_do_update(index_elements=["span", "day"], set_={"counted_at": now()})
    )


def next_month(month: date) -> date:
    """The first day of the month after."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)
