"""The demo portal's holidays: those of troly/holidays.yml until others are announced."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel

from portal.adapters.holidays import PATH
from troly.holidays import from_file


class Announced(BaseModel):
    """One day as it goes over the wire."""

    date: str
    name: str = ""
    type: Literal["HOLIDAY", "WORKING"] = "HOLIDAY"
    insteadOf: str | None = None


class DemoHolidays:
    """The lists by year."""

    def __init__(self) -> None:
        self._announced: dict[int, list[dict[str, Any]]] = {}

    def year(self, year: int) -> list[dict[str, Any]]:
        """One year's list."""
        if year in self._announced:
            return self._announced[year]
        days = sorted((day for day in from_file().days.values() if day.on.year == year), key=str)
        return [
            {
                "date": day.on.isoformat(),
                "name": day.name,
                "type": "WORKING" if day.works else "HOLIDAY",
                **({"insteadOf": day.instead_of.isoformat()} if day.instead_of else {}),
            }
            for day in days
        ]

    def announce(self, year: int, days: list[Announced]) -> None:
        """Have another list for this year."""
        self._announced[year] = [day.model_dump(exclude_none=True) for day in days]


def holiday_routes(holidays: DemoHolidays) -> APIRouter:
    """What the assistant asks."""
    routes = APIRouter()

    @routes.get(PATH)
    async def listed(year: int) -> dict[str, Any]:
        return {"code": "OK", "data": holidays.year(year)}

    return routes


def control_routes(holidays: DemoHolidays) -> APIRouter:
    """POST /demo/holidays/{year} [{"date", "name", "type", "insteadOf"}]."""
    routes = APIRouter()

    @routes.post("/holidays/{year}")
    async def announce(year: int, days: list[Announced]) -> dict[str, int]:
        holidays.announce(year, days)
        return {"days": len(days)}

    return routes
