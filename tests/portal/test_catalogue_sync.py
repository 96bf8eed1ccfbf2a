"""Syncing with the demo portal over real HTTP: changes, withdrawals, kills, failures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from portal import catalogue_sync
from portal.adapters import national
from portal.catalogue import Catalogue
from portal.client import PortalClient
from portal.errors import PortalProtocolError, PortalUnavailable
from portal.models import Page
from troly.clock import now
from troly.tables.catalogue import CatalogueProcedure, CatalogueSeen, CatalogueSync

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def catalogue(engine: AsyncEngine) -> Catalogue:
    return Catalogue(engine, "Quảng Ninh")


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several pages also for a few procedures."""
    original = national.NationalPortal.page

    async def page(self: national.NationalPortal, cursor: str | None = None, **more: Any) -> Page:
        return await original(self, cursor, **({"size": 3} | more))

    monkeypatch.setattr(national.NationalPortal, "page", page)


async def test_a_first_sync_copies_everything_and_a_second_asks_for_no_detail(
    catalogue: Catalogue, demo: Any
) -> None:
    client = demo().client()
    seen: list[tuple[int, int | None]] = []
    first = await catalogue.sync(client, lambda done, total: seen.append((done, total)))
    assert (first.read, first.fetched, first.added, first.withdrawn, first.failures) == (5, 5, 5, 0, [])
    assert seen[-1] == (5, 5)
    second = await catalogue.sync(client)
    assert (second.read, second.fetched, second.unchanged, second.added) == (5, 0, 5, 0)
    await client.aclose()


async def test_only_new_and_changed_rows_are_read_again(
    catalogue: Catalogue, demo: Any, record: Make
) -> None:
    running = demo()
    client = running.client()
    await catalogue.sync(client)
    running.data.put(record(2, name="Tên mới"))
    running.data.put(record(6))
    report = await catalogue.sync(client)
    assert (report.fetched, report.added, report.changed, report.unchanged) == (2, 1, 1, 4)
    found = await catalogue.get("1.000002")
    assert found is not None and found.name == "Tên mới"
    await client.aclose()


async def test_a_change_that_the_list_does_not_show_is_found_after_a_week_or_on_demand(
    catalogue: Catalogue, engine: AsyncEngine, demo: Any, record: Make
) -> None:
    running = demo()
    client = running.client()
    await catalogue.sync(client)
    running.data.put(record(2, requirementsAndConditions="Mới."))
    assert (await catalogue.sync(client)).fetched == 0
    report = await catalogue.sync(client, full=True)
    assert (report.fetched, report.changed, report.unchanged) == (5, 1, 4)
    running.data.put(record(3, requirementsAndConditions="Mới."))
    async with engine.begin() as connection:
        await connection.execute(update(CatalogueProcedure).values(as_of=now() - timedelta(days=8)))
    report = await catalogue.sync(client)
    assert (report.fetched, report.changed, report.unchanged) == (5, 1, 4)
    found = await catalogue.get("1.000001")
    assert found is not None and now() - found.as_of < timedelta(minutes=1)
    await client.aclose()


async def test_a_procedure_that_is_gone_is_withdrawn_and_returns(
    catalogue: Catalogue, demo: Any, record: Make
) -> None:
    running = demo()
    client = running.client()
    await catalogue.sync(client)
    running.data.remove(record(2)["id"])
    report = await catalogue.sync(client)
    assert report.withdrawn == 1 and await catalogue.count() == 4
    found = await catalogue.get("1.000002")
    assert found is not None and found.withdrawn
    assert "1.000002" not in {item.code for item in await catalogue.names()}
    running.data.put(record(2))
    report = await catalogue.sync(client)
    found = await catalogue.get("1.000002")
    assert report.returned == 1 and found is not None and not found.withdrawn
    await client.aclose()


async def test_other_provinces_procedures_are_not_even_asked_for(
    catalogue: Catalogue, demo: Any, record: Make
) -> None:
    other = record(9, type="SPECIFIC", departmentPromulgateName="UBND tỉnh Lào Cai")
    own = record(8, type="SPECIFIC", departmentPromulgateName="UBND tỉnh Quảng Ninh")
    client = demo([record(1), own, other]).client()
    report = await catalogue.sync(client)
    assert (report.read, report.fetched, report.elsewhere) == (3, 2, 1)
    assert await catalogue.count() == 2
    await client.aclose()


async def test_a_sync_after_an_import_reads_nothing_twice(
    catalogue: Catalogue, demo: Any, record: Make, tmp_path: Any
) -> None:
    import json

    path = tmp_path / "records.jsonl"
    path.write_text("\n".join(json.dumps(record(number)) for number in range(1, 6)), encoding="utf-8")
    await catalogue.import_file(path, as_of=now())
    client = demo().client()
    assert (await catalogue.sync(client)).fetched == 0
    await client.aclose()


class Killed(BaseException):
    """What a killed process looks like from inside."""


class DyingClient:
    """A client whose process is killed at the given question."""

    def __init__(self, client: PortalClient, pages: int) -> None:
        self._client = client
        self._pages = pages
        self.details = 0

    async def list_procedures(self, cursor: str | None = None) -> Page:
        if self._pages == 0:
            raise Killed
        self._pages -= 1
        return await self._client.list_procedures(cursor)

    async def refetch_procedure(self, identity: str) -> Any:
        self.details += 1
        return await self._client.refetch_procedure(identity)


async def test_a_killed_sync_goes_on_where_it_was(
    catalogue: Catalogue, engine: AsyncEngine, demo: Any, record: Make
) -> None:
    running = demo([record(number) for number in range(1, 9)])
    client = running.client()
    with pytest.raises(Killed):
        await catalogue.sync(DyingClient(client, pages=2))
    assert await catalogue.count() == 6
    going_on = DyingClient(client, pages=99)
    report = await catalogue.sync(going_on)
    assert report.resumed and going_on.details == 2
    assert (report.read, report.added, report.withdrawn) == (8, 8, 0)
    assert await catalogue.count() == 8
    async with engine.connect() as connection:
        open_runs = select(func.count()).select_from(CatalogueSync).where(CatalogueSync.finished_at.is_(None))
        assert (await connection.execute(open_runs)).scalar_one() == 0
        assert (await connection.execute(select(func.count()).select_from(CatalogueSeen))).scalar_one() == 0
    assert not (await catalogue.sync(client)).resumed
    await client.aclose()


async def test_a_run_left_for_too_long_begins_anew(
    catalogue: Catalogue, engine: AsyncEngine, demo: Any
) -> None:
    client = demo().client()
    with pytest.raises(Killed):
        await catalogue.sync(DyingClient(client, pages=1))
    async with engine.begin() as connection:
        await connection.execute(update(CatalogueSync).values(started_at=now() - timedelta(days=2)))
    report = await catalogue.sync(client)
    assert not report.resumed and report.read == 5
    await client.aclose()


async def test_a_portal_that_stops_answering_stops_the_sync_and_withdraws_nothing(
    catalogue: Catalogue, demo: Any
) -> None:
    running = demo()
    client = running.client()
    await catalogue.sync(client)
    running.fail("error")
    with pytest.raises(PortalUnavailable):
        await catalogue.sync(client)
    assert await catalogue.count() == 5
    await client.aclose()


async def test_an_empty_list_is_a_fault_of_the_portal(catalogue: Catalogue, demo: Any, record: Make) -> None:
    running = demo()
    client = running.client()
    await catalogue.sync(client)
    for number in range(1, 6):
        running.data.remove(record(number)["id"])
    with pytest.raises(PortalProtocolError, match="empty"):
        await catalogue.sync(client)
    assert await catalogue.count() == 5
    await client.aclose()


async def test_a_portal_that_lost_most_of_its_list_withdraws_nothing(
    catalogue: Catalogue, demo: Any, record: Make
) -> None:
    running = demo([record(number) for number in range(1, 41)])
    client = running.client()
    await catalogue.sync(client)
    for number in range(1, 36):
        running.data.remove(record(number)["id"])
    report = await catalogue.sync(client)
    assert report.withdrawn == 0 and "35 of 40" in report.failures[0].reason
    assert await catalogue.count() == 40
    await client.aclose()


async def test_one_record_that_cannot_be_read_is_told_and_tried_again(
    catalogue: Catalogue, demo: Any, record: Make
) -> None:
    running = demo([*(record(number) for number in range(1, 5)), record(5, name="")])
    client = running.client()
    report = await catalogue.sync(client)
    assert report.added == 4 and len(report.failures) == 1
    assert report.failures[0].where.startswith("1.000005") and report.failures[0].reason == "no name"
    running.data.put(record(5))
    assert (await catalogue.sync(client)).added == 1
    await client.aclose()


async def test_details_are_asked_for_a_few_at_a_time(
    catalogue: Catalogue, demo: Any, record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = demo([record(number) for number in range(1, 31)]).client()
    original, running, most = client.refetch_procedure, 0, 0

    async def counted(identity: str) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            return await original(identity)
        finally:
            running -= 1

    monkeypatch.setattr(client, "refetch_procedure", counted)
    monkeypatch.setattr(catalogue_sync, "CONCURRENT", 2)
    await catalogue.sync(client)
    assert most == 2
    await client.aclose()
