"""Which days staff look at, of which channel and language: read from a page's address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from console.conversations.filters import CHANNELS, LANGUAGES
from console.errors import Invalid
from console.figures.rolling import next_month
from troly.clock import today
from troly.tables.figures import ALL

PERIODS = ("7", "30", "90", "month", "days")
LONGEST = 731
"""Days of a period."""
BY_DAY = 92
"""Longer periods are charted by month."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A period, both days included, and what is left out."""

    period: str
    start: date
    end: date
    channel: str = ""
    language: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Choice:
        """From a page's address; the last 30 days unless it says otherwise. Raises Invalid."""
        here = today().date()
        period = query.get("period", "")
        if period not in PERIODS:
            period = "days" if query.get("since") and query.get("until") else "30"
        if period == "month":
            start = _month(query.get("month", ""), here)
            end = next_month(start) - timedelta(days=1)
        elif period == "days":
            start = _day(query.get("since", ""), here - timedelta(days=29))
            end = _day(query.get("until", ""), here)
        else:
            start, end = here - timedelta(days=int(period) - 1), here
        if start > here:
            raise Invalid("figures.future")
        end = min(end, here)
        if start > end:
            raise Invalid("figures.days_turned")
        if (end - start).days >= LONGEST:
            raise Invalid("figures.too_long", most=LONGEST)
        channel, language = query.get("channel", ""), query.get("language", "")
        return cls(
            period,
            start,
            end,
            channel if channel in CHANNELS else "",
            language if language in LANGUAGES else "",
        )

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days + 1

    @property
    def before(self) -> tuple[date, date]:
        """The period that it is compared with: the month before, or as many days before."""
        if self.period == "month":
            first = (self.start - timedelta(days=1)).replace(day=1)
            last = self.start - timedelta(days=1)
            # A month that is not over yet is compared with as many days of the one before.
            return first, min(last, first + timedelta(days=self.days - 1)) if self._unfinished else last
        return self.start - timedelta(days=self.days), self.start - timedelta(days=1)

    @property
    def _unfinished(self) -> bool:
        return self.end + timedelta(days=1) < next_month(self.start)

    @property
    def by_month(self) -> bool:
        """Whether charts have a column a month."""
        return self.days > BY_DAY

    @property
    def only(self) -> tuple[str, str]:
        """Channel and language as the figures are kept (troly/tables/figures.py)."""
        return self.channel or ALL, self.language or ALL

    @property
    def query(self) -> dict[str, str]:
        """As in a page's address."""
        asked = {"period": self.period, "channel": self.channel, "language": self.language}
        if self.period == "month":
            asked["month"] = f"{self.start:%Y-%m}"
        if self.period == "days":
            asked |= {"since": self.start.isoformat(), "until": self.end.isoformat()}
        return {name: value for name, value in asked.items() if value}

    def columns(self) -> list[date]:
        """The days, or the first days of the months, that charts show."""
        if not self.by_month:
            return [self.start + timedelta(days=number) for number in range(self.days)]
        found = [self.start.replace(day=1)]
        while (following := next_month(found[-1])) <= self.end:
            found.append(following)
        return found

    def column_of(self, day: date) -> date:
        """Where a day stands in a chart."""
        return day.replace(day=1) if self.by_month else day


def _day(text: str, otherwise: date) -> date:
    if not text.strip():
        return otherwise
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid("figures.day_wrong") from None


def _month(text: str, here: date) -> date:
    if not text.strip():
        return here.replace(day=1)
    try:
        return date.fromisoformat(f"{text.strip()}-01")
    except ValueError:
        raise Invalid("figures.month_wrong") from None
