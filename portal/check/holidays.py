"""Holidays: that they can be read, and that the assistant would use them."""

from __future__ import annotations

from portal.adapters.holidays import HolidayService
from portal.check.findings import Findings
from portal.check.wire import Heard
from troly.clock import today
from troly.holidays import Day, faults, from_file


async def check(found: Findings, http: Heard) -> None:
    """This year and the next, and how each list differs from troly/holidays.yml."""
    service = HolidayService(http)
    this = today().year
    for year in (this, this + 1):
        name = f"holidays.{year}"
        days = await found.tried(
            name, service.year(year), 'send {"data": [{"date": "2027-01-01", "name": "…"}]}'
        )
        if days is None:
            return
        if not days:
            found.skipped(name, "none yet: troly/holidays.yml holds")
            continue
        wrong = list(faults(year, days, today().date()))
        found.judged(name, wrong, _said(year, days), "send all days of that year, and only those, each once")


def _said(year: int, days: list[Day]) -> str:
    theirs = {(day.on, day.works) for day in days}
    ours = {(day.on, day.works) for day in from_file().days.values() if day.on.year == year}
    differing = sorted({day for day, _ in theirs ^ ours})
    shown = ", ".join(f"{day:%d/%m}" for day in differing[:8])
    return f"{len(days)} days" + (f"; unlike troly/holidays.yml: {shown}" if differing else "")
