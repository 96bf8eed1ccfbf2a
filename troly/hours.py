"""Office hours in Vietnam's time, with public holidays.

Written as "1-5 07:30-11:30 13:30-17:00": days (1 is Monday) and spans; several such groups with ";".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from troly.clock import VIETNAM
from troly.errors import SettingError
from troly.holidays import Calendar

_GROUP = re.compile(r"([1-7])(?:-([1-7]))?((?:\s+\d{2}:\d{2}-\d{2}:\d{2})+)")
_SPAN = re.compile(r"(\d{2}:\d{2})-(\d{2}:\d{2})")
_SEARCHED_DAYS = 30


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """When an office is open."""

    spans: dict[int, tuple[tuple[time, time], ...]]
    """Day of the week, 1 is Monday -> spans in order."""
    calendar: Calendar
    """Which days are holidays, and which are exchanged."""

    @classmethod
    def parse(cls, written: str, calendar: Calendar) -> OfficeHours:
        """Hours as written. Raises SettingError naming the form."""
        spans: dict[int, tuple[tuple[time, time], ...]] = {}
        for group in written.split(";"):
            found = _GROUP.fullmatch(group.strip())
            if not found:
                raise SettingError(f"office hours {written!r}: write them as 1-5 07:30-11:30 13:30-17:00")
            try:
                pairs = tuple(
                    (time.fromisoformat(begin), time.fromisoformat(end))
                    for begin, end in _SPAN.findall(found[3])
                )
            except ValueError:
                raise SettingError(f"office hours {written!r}: there is no such time of day") from None
            for day in range(int(found[1]), int(found[2] or found[1]) + 1):
                spans[day] = pairs
        return cls(spans, calendar)

    def holiday(self, moment: datetime) -> str | None:
        """The name of the public holiday on this day, if it is one."""
        return self.calendar.holiday(moment.astimezone(VIETNAM).date())

    def is_open(self, moment: datetime) -> bool:
        """Whether the office is open at this moment."""
        local = moment.astimezone(VIETNAM)
        clock = local.time()
        return any(begin <= clock < end for begin, end in self._on(local.date()))

    def next_opening(self, moment: datetime) -> datetime | None:
        """The next moment at which it opens, in Vietnam's time; None when not within a month."""
        local = moment.astimezone(VIETNAM)
        for ahead in range(_SEARCHED_DAYS):
            day = local.date() + timedelta(days=ahead)
            for begin, _ in self._on(day):
                opening = datetime.combine(day, begin, VIETNAM)
                if opening > local:
                    return opening
        return None

    def working_day_before(self, day: date) -> date | None:
        """The last day before `day` on which the office is open; None when not within a month."""
        before = (day - timedelta(days=ahead) for ahead in range(1, _SEARCHED_DAYS))
        return next((one for one in before if self._on(one)), None)

    def _on(self, day: date) -> tuple[tuple[time, time], ...]:
        weekday = self.calendar.weekday(day)
        return self.spans.get(weekday, ()) if weekday else ()
