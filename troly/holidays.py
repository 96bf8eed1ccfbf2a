"""Which days are working days: as the portal told, for each year that it told of, else as holidays.yml says.

The portal's lists are kept in the database: portal/holidays.py asks for them, troly/tables/holidays.py reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).parent / "holidays.yml"
_FIXED = ((1, 1), (4, 30), (5, 1), (9, 2))
"""Month and day of those holidays that no lunar calendar moves (Labour Code 2019, Article 112)."""

_MOST = 60
_MONDAY = 1


@dataclass(frozen=True, slots=True)
class Day:
    """A day that is not what its weekday says."""

    on: date
    name: str
    works: bool = False
    """An exchanged day, on which offices work though it is a Saturday or Sunday."""
    instead_of: date | None = None
    """Of an exchanged day: the day that is free for it."""

    def to_dict(self) -> dict[str, Any]:
        """As it is stored."""
        instead = self.instead_of.isoformat() if self.instead_of else None
        return {"date": self.on.isoformat(), "name": self.name, "works": self.works, "instead_of": instead}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Day:
        """What to_dict() gave."""
        instead = stored.get("instead_of")
        return cls(
            date.fromisoformat(stored["date"]),
            str(stored["name"]),
            bool(stored.get("works")),
            date.fromisoformat(instead) if instead else None,
        )


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days that differ from their weekday; the one place that decides whether a day is a working day."""

    days: Mapping[date, Day] = field(default_factory=dict)
    told: Mapping[int, datetime] = field(default_factory=dict)
    """Year -> when the portal told its list; the other years are the file's."""

    @classmethod
    def of(cls, days: Iterable[Day]) -> Calendar:
        """With these days."""
        return cls({day.on: day for day in days})

    def holiday(self, day: date) -> str | None:
        """The name of the public holiday on this day, if it is one."""
        found = self.days.get(day)
        return found.name if found and not found.works else None

    def weekday(self, day: date) -> int | None:
        """Whose weekday's hours hold on this day, 1 for Monday; None on a holiday.

        An exchanged day has the hours of the day that is free for it, a Monday's where none is named.
        """
        found = self.days.get(day)
        if found is None:
            return day.isoweekday()
        if not found.works:
            return None
        return found.instead_of.isoweekday() if found.instead_of else _MONDAY

    def with_year(self, year: int, days: Iterable[Day], told_at: datetime) -> Calendar:
        """With the portal's list in place of all that was known of this year."""
        others = {day: known for day, known in self.days.items() if day.year != year}
        return Calendar(others | {day.on: day for day in days}, {**self.told, year: told_at})


@lru_cache(maxsize=1)
def from_file() -> Calendar:
    """The days of troly/holidays.yml."""
    raw: dict[date, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return Calendar.of(_written(day, stated) for day, stated in raw.items())


def _written(day: date, stated: Any) -> Day:
    if isinstance(stated, str):
        return Day(day, stated)
    return Day(day, str(stated.get("name", "")), works=True, instead_of=stated["instead_of"])


def faults(year: int, days: Iterable[Day], today: date) -> Iterator[str]:
    """Why this cannot be the list of a year; nothing where it can. An empty list is none yet."""
    listed = list(days)
    for day in listed:
        if day.on.year != year:
            yield f"{day.on} is of another year"
        elif not day.works and not day.name:
            yield f"{day.on} has no name"
    if len({day.on for day in listed}) < len(listed):
        yield "a day is there twice"
    if len(listed) > _MOST:
        yield f"{len(listed)} days"
    free = {day.on for day in listed if not day.works}
    fixed = [date(year, month, number) for month, number in _FIXED]
    if listed and (lacking := [one for one in fixed if one >= today and one not in free]):
        yield f"not complete: {', '.join(map(str, lacking))} is a holiday by law"
