"""Office hours as the desk shows them, and as a canned answer names them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from troly.holidays import Calendar
from troly.hours import OfficeHours
from troly.settings import Settings

_DAYS = {
    "vi": ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}


@dataclass(frozen=True, slots=True)
class Opening:
    """The office at one moment."""

    open: bool
    holiday: str | None
    """Its name in Vietnamese, on a public holiday."""
    next: datetime | None
    """When it opens again; none while it is open."""


def opening(settings: Settings, moment: datetime, calendar: Calendar) -> Opening:
    """Whether the office is open now."""
    hours = OfficeHours.parse(settings.office_hours, calendar)
    is_open = hours.is_open(moment)
    return Opening(is_open, hours.holiday(moment), None if is_open else hours.next_opening(moment))


def in_words(settings: Settings, language: str | None) -> str:
    """The hours in a sentence: thứ Hai–thứ Sáu 07:30–11:30, 13:30–17:00."""
    spoken = "en" if language == "en" else "vi"
    names, groups = _DAYS[spoken], []
    spans = OfficeHours.parse(settings.office_hours, Calendar()).spans
    days = sorted(spans)
    while days:
        first = last = days.pop(0)
        while days and days[0] == last + 1 and spans[days[0]] == spans[first]:
            last = days.pop(0)
        name = names[first - 1] if first == last else f"{names[first - 1]}–{names[last - 1]}"
        times = ", ".join(f"{begin:%H:%M}–{end:%H:%M}" for begin, end in spans[first])
        groups.append(f"{name} {times}")
    return "; ".join(groups)
