"""Public holidays as a province's system tells them: GET /api/v1/holidays?year=2027.

No public system has a documented interface for them; this is the one that the demo portal has.
"""

from __future__ import annotations

from datetime import date

from portal.adapters.values import records, text
from portal.errors import PortalProtocolError
from portal.http import Http

PATH = "/api/v1/holidays"


class HolidayService:
    """Reads the days on which offices are closed. Raises the errors of portal.errors."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def year(self, year: int) -> dict[date, str]:
        """Day -> name of the holiday, for one year; empty where the year is not fixed yet."""
        answer = await self._http.json("GET", PATH, query={"year": str(year)})
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, list):
            raise PortalProtocolError("the holidays have no data")
        return {_day(item.get("date")): text(item.get("name")) for item in records(data)}


def _day(value: object) -> date:
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise PortalProtocolError(f"a holiday's date is {value!r}, not as 2027-01-01") from None
