"""Keeps the portal's holidays: asked for once a day; only a list that can be right takes the file's place."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.adapters.holidays import HolidayService
from portal.errors import PortalError, PortalProtocolError, PortalUnavailable
from troly.clock import VIETNAM, now, today
from troly.database import async_engine, require_tables
from troly.holidays import Day, faults
from troly.tables.holidays import HolidayYear, current

log = structlog.get_logger(__name__)

_FRESH = timedelta(hours=24)


async def refresh(engine: AsyncEngine, service: HolidayService | None) -> int:
    """Ask for this year and the next where that was not done within a day; gives how many were told.

    What goes wrong is logged, and what was told before stays. Without a service nothing does.
    """
    if service is None:
        async with engine.begin() as connection:
            await connection.execute(delete(HolidayYear))
        return 0
    told = 0
    for year in await _due(engine, service):
        try:
            days = await _list(service, year)
        except PortalError as error:
            log.warning("no_holidays", year=year, error=type(error).__name__, said=str(error))
            if isinstance(error, PortalUnavailable) and error.reason != "protocol":
                break  # it is away
            continue
        await _keep(engine, service, year, days)
        told += 1
    return told


async def shown(database: str) -> list[str]:
    """What holds for this year and the next, a day a line."""
    require_tables(database)
    engine = async_engine(database)
    try:
        async with engine.connect() as connection:
            calendar = await current(connection)
    finally:
        await engine.dispose()
    lines = []
    for year in (today().year, today().year + 1):
        told = calendar.told.get(year)
        source = f"the portal, {told.astimezone(VIETNAM):%d/%m/%Y %H:%M}" if told else "troly/holidays.yml"
        lines.append(f"{year}: {source}")
        days = sorted((day for day in calendar.days.values() if day.on.year == year), key=lambda day: day.on)
        lines += [f"  {day.on:%d/%m/%Y} {'works' if day.works else 'free '}  {day.name}" for day in days]
    return lines


async def _due(engine: AsyncEngine, service: HolidayService) -> list[int]:
    async with engine.connect() as connection:
        rows = await connection.execute(
            select(HolidayYear.year).where(
                HolidayYear.as_of > now() - _FRESH, HolidayYear.source == service.source[:200]
            )
        )
        fresh = set(rows.scalars())
    return [year for year in (today().year, today().year + 1) if year not in fresh]


async def _list(service: HolidayService, year: int) -> list[Day]:
    days = await service.year(year)
    if wrong := list(faults(year, days, today().date())):
        raise PortalProtocolError(f"the holidays of {year}: {'; '.join(wrong[:3])}")
    return days


async def _keep(engine: AsyncEngine, service: HolidayService, year: int, days: list[Day]) -> None:
    async with engine.begin() as connection:
        # Lists of another system, and of years gone by, are no longer of use.
        await connection.execute(
            delete(HolidayYear).where(
                (HolidayYear.year == year)
                | (HolidayYear.year < today().year)
                | (HolidayYear.source != service.source[:200])
            )
        )
        await connection.execute(
            insert(HolidayYear).values(
                year=year,
                days=[day.to_dict() for day in days],
                source=service.source[:200],
                as_of=now(),
            )
        )
