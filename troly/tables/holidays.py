"""The portal's lists of public holidays, a year each, as they were last told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, String, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from troly.holidays import Calendar, Day, from_file
from troly.tables.base import Base, JsonText, UtcDateTime


class HolidayYear(Base):
    """One year's list; an empty one says that the portal has none yet."""

    __tablename__ = "holiday_year"

    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    days: Mapped[Any] = mapped_column(JsonText)
    """[{"date", "name", "works", "instead_of"}]; troly.holidays.Day."""
    source: Mapped[str] = mapped_column(String(200))
    """Whose address told it: with another one the list is asked for anew."""
    as_of: Mapped[datetime] = mapped_column(UtcDateTime)
    """When it was told."""


async def current(connection: AsyncConnection) -> Calendar:
    """The calendar as it stands: a year that the portal has no list for is the file's."""
    calendar = from_file()
    rows = await connection.execute(select(HolidayYear.year, HolidayYear.days, HolidayYear.as_of))
    for year, days, as_of in rows:
        if days:
            calendar = calendar.with_year(year, map(Day.from_dict, days), as_of)
    return calendar
