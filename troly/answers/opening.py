"""When an office is open, as values for the response files."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from troly.clock import VIETNAM
from troly.holidays import Calendar
from troly.hours import OfficeHours
from troly.settings import settings


def hours_of(own: str) -> Any:
    """An office's own hours, or the province's common ones where it has none."""
    if own:
        return {"response": "label_hours", "hours": _written(own)}
    return {"response": "label_hours_common", "hours": _written(settings().office_hours)}


def _written(hours: str) -> list[Any]:
    """A line a group of days: {"response": "label_days", "from", "to", "spans"}."""
    parsed = OfficeHours.parse(hours, Calendar())
    groups: list[tuple[list[int], str]] = []
    for day, spans in sorted(parsed.spans.items()):
        shown = ", ".join(f"{begin:%H:%M}–{end:%H:%M}" for begin, end in spans)
        if groups and groups[-1][1] == shown and groups[-1][0][-1] == day - 1:
            groups[-1][0].append(day)
        else:
            groups.append(([day], shown))
    return [
        {
            "response": "label_days" if len(days) > 1 else "label_day",
            "first": {"response": f"weekday_{days[0]}"},
            "last": {"response": f"weekday_{days[-1]}"},
            "spans": shown,
        }
        for days, shown in groups
    ]


def opening_of(own: str, moment: datetime, calendar: Calendar) -> Any:
    """Whether it is open at this moment, else when it opens again."""
    hours = OfficeHours.parse(own or settings().office_hours, calendar)
    if hours.is_open(moment):
        return {"response": "label_open_now"}
    opening = hours.next_opening(moment)
    if opening is None:
        return ""
    holiday = hours.holiday(moment)
    return {
        "response": "label_closed_holiday" if holiday else "label_closed",
        "holiday": {"official": holiday or ""},
        "date": {"date": opening.astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M")},
    }
