"""Reading figures of a period: whole months from their sums, the rest day by day, today as it stands."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from console.figures.counting import NARROW, Key
from console.figures.period import Choice
from console.figures.rolling import next_month
from troly.clock import today
from troly.tables.figures import Figure, FigureSpan

Only = tuple[str, str]
"""Channel and language as kept, ALL for any."""
Sums = dict[str, Counter[str]]
"""kind -> name -> number."""


@dataclass(slots=True)
class Course:
    """How figures went over a period, in columns of a day or a month."""

    columns: list[date]
    numbers: dict[tuple[str, date], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    people: dict[date, int] = field(default_factory=dict)

    def of(self, kind: str, name: str | None = None) -> list[int]:
        """A row of numbers, one a column: of one name, or of all."""
        found = [self.numbers.get((kind, column), Counter()) for column in self.columns]
        return [sum(one.values()) if name is None else one[name] for one in found]

    def sums(self) -> Sums:
        """Over the whole period."""
        made: Sums = defaultdict(Counter)
        for (kind, _), counted in self.numbers.items():
            made[kind] += counted
        return made


async def course(connection: AsyncConnection, choice: Choice, live: Mapping[Key, int]) -> Course:
    """The kinds with few names, and the people, over a period."""
    made = Course(choice.columns())
    channel, language = choice.only
    spans = await _spans(connection, choice.start, choice.end, by_month=choice.by_month)
    for span, start, end in spans:
        rows = await connection.execute(
            select(Figure.kind, Figure.day, Figure.name, Figure.number).where(
                Figure.span == span,
                Figure.kind.in_(NARROW),
                Figure.channel == channel,
                Figure.language == language,
                Figure.day.between(start, end),
            )
        )
        for kind, day, name, number in rows:
            made.numbers[kind, choice.column_of(day)][name] += number
    for (kind, name), number in _live(choice.start, choice.end, choice.only, live, NARROW).items():
        made.numbers[kind, choice.column_of(today().date())][name] += number
    made.people = await _people_by_column(connection, choice, live)
    return made


async def sums(
    connection: AsyncConnection,
    start: date,
    end: date,
    only: Only,
    kinds: Collection[str],
    live: Mapping[Key, int],
) -> Sums:
    """Figures of a period, over all of it."""
    made: Sums = defaultdict(Counter)
    for span, first, last in await _spans(connection, start, end):
        rows = await connection.execute(
            select(Figure.kind, Figure.name, func.sum(Figure.number))
            .where(
                Figure.span == span,
                Figure.kind.in_(kinds),
                Figure.channel == only[0],
                Figure.language == only[1],
                Figure.day.between(first, last),
            )
            .group_by(Figure.kind, Figure.name)
        )
        for kind, name, number in rows:
            made[kind][name] += int(number)
    for (kind, name), number in _live(start, end, only, live, kinds).items():
        made[kind][name] += number
    return made


async def people(
    connection: AsyncConnection, start: date, end: date, only: Only, live: Mapping[Key, int]
) -> tuple[int, int]:
    """How many were there in a period, and how many of them for the first time.

    Somebody who came on several days is counted on the first: where the day before was not in the period.
    """
    fresh = case((Figure.name == "", Figure.number), else_=0)
    counted = await connection.execute(
        select(func.sum(Figure.number), func.sum(fresh)).where(
            Figure.span == "day",
            Figure.kind == "person",
            Figure.channel == only[0],
            Figure.language == only[1],
            Figure.day.between(start, end),
            Figure.name < start.isoformat(),
        )
    )
    every, new = (int(number or 0) for number in counted.one())
    for (_, last), number in _live(start, end, only, live, ("person",)).items():
        if last < start.isoformat():
            every, new = every + number, new + (0 if last else number)
    return every, new


async def _people_by_column(
    connection: AsyncConnection, choice: Choice, live: Mapping[Key, int]
) -> dict[date, int]:
    if choice.by_month:
        made = {}
        for column in choice.columns():
            start, end = max(column, choice.start), min(next_month(column) - timedelta(days=1), choice.end)
            made[column], _ = await people(connection, start, end, choice.only, live)
        return made
    channel, language = choice.only
    rows = await connection.execute(
        select(Figure.day, func.sum(Figure.number))
        .where(
            Figure.span == "day",
            Figure.kind == "person",
            Figure.channel == channel,
            Figure.language == language,
            Figure.day.between(choice.start, choice.end),
        )
        .group_by(Figure.day)
    )
    made = {day: int(number) for day, number in rows}
    for number in _live(choice.start, choice.end, choice.only, live, ("person",)).values():
        made[today().date()] = made.get(today().date(), 0) + number
    return made


def _live(
    start: date, end: date, only: Only, live: Mapping[Key, int], kinds: Collection[str]
) -> dict[tuple[str, str], int]:
    """Today's part, where the period includes today."""
    if not start <= today().date() <= end:
        return {}
    return {
        (kind, name): number
        for (kind, channel, language, name), number in live.items()
        if (channel, language) == only and kind in kinds
    }


async def _spans(
    connection: AsyncConnection, start: date, end: date, *, by_month: bool = True
) -> Sequence[tuple[str, date, date]]:
    """What to read: finished months that lie in the period, and days around them."""
    months = await _months(connection, start, end) if by_month else []
    if not months:
        return [("day", start, end)]
    made = [("month", months[0], months[-1])]
    if start < months[0]:
        made.append(("day", start, months[0] - timedelta(days=1)))
    if (after := next_month(months[-1])) <= end:
        made.append(("day", after, end))
    return made


async def _months(connection: AsyncConnection, start: date, end: date) -> list[date]:
    """The last unbroken run of counted months in the period."""
    rows = await connection.scalars(
        select(FigureSpan.day)
        .where(FigureSpan.span == "month", FigureSpan.day.between(start, end))
        .order_by(FigureSpan.day.desc())
    )
    run: list[date] = []
    for month in rows:
        if next_month(month) - timedelta(days=1) > end:
            continue
        if run and next_month(month) != run[-1]:
            break
        run.append(month)
    return run[::-1]
