"""Public holidays as a province's system tells them: GET /api/v1/holidays?year=2027.

No public system has a documented interface for them; this is the one that the demo portal has.
"""

from __future__ import annotations

from datetime import date

from portal.adapters.values import records, text
from portal.errors import PortalProtocolError
from portal.http import Http
from troly.holidays import Day

PATH = "/api/v1/holidays"
_LONGEST_NAME = 120
_KINDS = {"HOLIDAY": False, "WORKING": True}


class HolidayService:
    """Reads the days on which offices are closed, or open instead. Raises the errors of portal.errors."""

    def __init__(self, http: Http) -> None:
        self._http = http

    @property
    def source(self) -> str:
        """Whose lists these are."""
        return self._http.base_url

    async def year(self, year: int) -> list[Day]:
        """The days of one year, as they are listed; none where the year is not fixed yet."""
        answer = await self._http.json("GET", PATH, query={"year": str(year)})
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, list) or len(records(data)) < len(data):
            raise PortalProtocolError("the holidays have no data")
        return [
            Day(
                _day(item.get("date")),
                text(item.get("name"))[:_LONGEST_NAME],
                _works(item.get("type") or "HOLIDAY"),
                _day(item["insteadOf"]) if item.get("insteadOf") else None,
            )
            for item in records(data)
        ]

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def _works(kind: object) -> bool:
    if not isinstance(kind, str) or kind not in _KINDS:
        raise PortalProtocolError(f"a day's type is {kind!r}, not {' or '.join(_KINDS)}")
    return _KINDS[kind]


def _day(value: object) -> date:
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise PortalProtocolError(f"a holiday's date is {value!r}, not as 2027-01-01") from None
