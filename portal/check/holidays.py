"""Holidays: that they can be read, and that they are those of troly/holidays.yml."""

from __future__ import annotations

from portal.adapters.holidays import HolidayService
from portal.check.findings import Findings
from portal.check.wire import Heard
from troly.clock import today
from troly.hours import public_holidays


async def check(found: Findings, http: Heard) -> None:
    """This year and the next; each day of the portal that we lack is named."""
    service = HolidayService(http)
    this = today().year
    for year in (this, this + 1):
        name = f"holidays.{year}"
        days = await found.tried(
            name, service.year(year), 'send {"data": [{"date": "2027-01-01", "name": "…"}]}'
        )
        if days is None:
            return
        wrong = [f"{day} is of another year" for day in days if day.year != year]
        lacking = [f"{day:%d/%m/%Y} {days[day]}" for day in sorted(days) if day not in public_holidays()]
        if not days:
            found.skipped(name, "none yet")
        elif lacking and not wrong:
            found.failed(name, f"not known here: {', '.join(lacking)}", "add them to troly/holidays.yml")
        else:
            found.judged(name, wrong, f"{len(days)} days, all known here", "send the days of that year only")
