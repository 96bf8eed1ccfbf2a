"""The portal's holidays take the file's place, and nothing that goes wrong at the portal takes them away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from portal import holidays
from portal.adapters.holidays import PATH, HolidayService
from portal.client import holiday_service
from portal.http import Http
from portal.watch import watcher
from portal.watcher import WatchOptions
from troly.clock import VIETNAM, now, today
from troly.holidays import Calendar, from_file
from troly.hours import OfficeHours
from troly.tables.holidays import HolidayYear, current

NEXT = today().year + 1
SATURDAY = next(day for day in (date(NEXT, 9, 4 + offset) for offset in range(7)) if day.isoweekday() == 6)
MONDAY = SATURDAY + timedelta(days=2)
BY_LAW = [{"date": f"{NEXT}-{day}", "name": "Nghỉ lễ"} for day in ("01-01", "04-30", "05-01", "09-02")]
EXCHANGED = [
    {"date": MONDAY.isoformat(), "name": "Nghỉ bù"},
    {"date": SATURDAY.isoformat(), "name": "Làm bù", "type": "WORKING", "insteadOf": MONDAY.isoformat()},
]


class Portal:
    """A demo portal, and what the assistant then takes for holidays."""

    def __init__(self, running: Any, engine: AsyncEngine) -> None:
        self.running = running
        self.engine = engine
        self.service = HolidayService(Http(running.url, timeout=3.0, attempts=1))

    def announce(self, days: list[dict[str, Any]], year: int = NEXT) -> None:
        address = f"{self.running.url}/demo/holidays/{year}"
        httpx.post(address, json=days, trust_env=False).raise_for_status()

    async def asked(self) -> Calendar:
        """Asked again, as on the next day."""
        async with self.engine.begin() as connection:
            await connection.execute(update(HolidayYear).values(as_of=now() - timedelta(days=2)))
        await holidays.refresh(self.engine, self.service)
        return await self.calendar()

    async def calendar(self) -> Calendar:
        async with self.engine.connect() as connection:
            return await current(connection)


@pytest.fixture
async def portal(demo: Callable[..., Any], engine: AsyncEngine) -> Any:
    made = Portal(demo(), engine)
    yield made
    await made.service.aclose()


async def test_a_list_takes_the_place_of_the_files_year_with_exchanged_days(portal: Portal) -> None:
    portal.announce(BY_LAW + EXCHANGED)
    calendar = await portal.asked()
    hours = OfficeHours.parse("1-5 07:30-11:30", calendar)
    assert hours.is_open(datetime(*SATURDAY.timetuple()[:3], 8, tzinfo=VIETNAM))
    assert not hours.is_open(datetime(*MONDAY.timetuple()[:3], 8, tzinfo=VIETNAM))
    only_ours = [day for day in from_file().days if day.year == NEXT and day not in calendar.days]
    assert only_ours, "the file's other days of that year are gone"
    assert now() - calendar.told[NEXT] < timedelta(minutes=1)
    other_years = [day for day in from_file().days if day.year not in calendar.told]
    assert all(calendar.days[day] == from_file().days[day] for day in other_years)


async def test_it_is_asked_once_a_day_and_a_restart_asks_no_more(portal: Portal) -> None:
    for _ in range(3):
        await holidays.refresh(portal.engine, portal.service)
    assert portal.running.controls.asked[PATH] == 2  # this year and the next
    await portal.asked()
    assert portal.running.controls.asked[PATH] == 4


@pytest.mark.parametrize("mode", ["error", "html", "hang", "garbage", "wrong_types", "huge"])
async def test_a_failure_leaves_what_was_told_before(portal: Portal, mode: str) -> None:
    portal.announce(BY_LAW + EXCHANGED)
    before = await portal.asked()
    portal.running.fail(mode, path=PATH)
    after = await portal.asked()
    assert after.days == before.days and SATURDAY in after.days


@pytest.mark.parametrize("mode", ["error", "html", "hang", "wrong_types"])
async def test_a_failure_from_the_beginning_leaves_the_file(portal: Portal, mode: str) -> None:
    portal.running.fail(mode, path=PATH)
    assert await portal.asked() == from_file()


@pytest.mark.parametrize(
    "days",
    [
        BY_LAW[1:],
        [*BY_LAW, BY_LAW[0]],
        [*BY_LAW, {"date": f"{NEXT + 1}-02-01", "name": "Nghỉ lễ"}],
        [*BY_LAW, {"date": f"{NEXT}-02-01", "name": ""}],
        BY_LAW
        + [{"date": (date(NEXT, 6, 1) + timedelta(days=n)).isoformat(), "name": "x"} for n in range(60)],
        [*BY_LAW, {"date": f"{NEXT}-02-30", "name": "Nghỉ lễ"}],
        [*BY_LAW[:3], {"date": f"{NEXT}-09-02", "type": "WORKING"}],
    ],
    ids=["a day lacks", "twice", "other year", "no name", "too many", "no such day", "holiday by law works"],
)
async def test_a_list_that_cannot_be_right_is_not_believed(portal: Portal, days: list[Any]) -> None:
    portal.announce(days)
    calendar = await portal.asked()
    assert NEXT not in calendar.told
    assert {day: known for day, known in calendar.days.items() if day.year == NEXT} == {
        day: known for day, known in from_file().days.items() if day.year == NEXT
    }


async def test_a_wrong_list_of_one_year_does_not_keep_the_other_away(portal: Portal) -> None:
    portal.announce([{"date": "2020-01-01", "name": "Tết"}], year=NEXT - 1)
    portal.announce(BY_LAW)
    calendar = await portal.asked()
    assert NEXT in calendar.told and NEXT - 1 not in calendar.told


async def test_an_empty_list_leaves_the_file_and_is_kept_as_told(portal: Portal) -> None:
    portal.announce([])
    calendar = await portal.asked()
    assert NEXT not in calendar.told and any(day.year == NEXT for day in calendar.days)
    await holidays.refresh(portal.engine, portal.service)
    assert portal.running.controls.asked[PATH] == 2


async def test_lists_of_a_portal_that_is_not_connected_any_more_are_forgotten(portal: Portal) -> None:
    portal.announce(BY_LAW)
    assert NEXT in (await portal.asked()).told
    await holidays.refresh(portal.engine, None)
    assert await portal.calendar() == from_file()


async def test_another_portal_is_asked_at_once(portal: Portal, demo: Callable[..., Any]) -> None:
    portal.announce(BY_LAW)
    await portal.asked()
    other = HolidayService(Http(demo().url, timeout=1.0, attempts=1))
    assert await holidays.refresh(portal.engine, other) == 2
    async with portal.engine.connect() as connection:
        assert set(await connection.scalars(select(HolidayYear.source))) == {other.source}
    await other.aclose()


async def test_the_watcher_asks_and_goes_on_where_it_fails(demo: Callable[..., Any], tmp_path: Any) -> None:
    from troly.database import engine as open_engine
    from troly.tables import Base

    running = demo()
    config = running.settings(database_url=f"sqlite:///{tmp_path / 'watch.db'}")
    made = open_engine(config.database)
    Base.metadata.create_all(made)
    made.dispose()
    async with watcher(config, WatchOptions(holidays=0.0)) as one:
        running.fail("hang", path=PATH)
        assert await one.step() == 0
        running.fail("off")
        assert await one.step() == 0
        assert running.controls.asked[PATH] == 3


def test_a_real_portal_without_holidays_url_is_not_asked() -> None:
    from troly.settings import Settings

    settings = Settings(_env_file=None, portal_url="https://portal.example.vn")  # type: ignore[call-arg]
    assert holiday_service(settings) is None
    other = settings.model_copy(update={"holidays_url": "https://lich.example.vn/"})
    service = holiday_service(other)
    assert service and service.source == "https://lich.example.vn"


def test_the_operator_sees_what_holds_and_from_where(
    demo: Callable[..., Any], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    from click.testing import CliRunner

    from portal.check_commands import portal as commands
    from troly.database import async_engine
    from troly.migrate import upgrade
    from troly.settings import settings

    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    upgrade(settings().database)
    running = demo()

    async def ask() -> None:
        engine, service = async_engine(settings().database), HolidayService(Http(running.url, attempts=1))
        await holidays.refresh(engine, service)
        await service.aclose()
        await engine.dispose()

    before = CliRunner().invoke(commands, ["holidays"]).output
    assert f"{NEXT}: troly/holidays.yml" in before
    address = f"{running.url}/demo/holidays/{NEXT}"
    httpx.post(address, json=BY_LAW + EXCHANGED, trust_env=False).raise_for_status()
    asyncio.run(ask())
    after = CliRunner().invoke(commands, ["holidays"]).output
    assert f"{NEXT}: the portal, " in after and f"{SATURDAY:%d/%m/%Y} works  Làm bù" in after
    settings.cache_clear()
