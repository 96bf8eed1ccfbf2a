"""Bringing the catalogue up to the portal's state, page by page, so that a killed run goes on where it was.

Details are read only for rows of the list that are new or differ, and for copies older than a week: the
list shows neither fees nor documents, so a change there would otherwise stay unseen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol, cast

from sqlalchemy import CursorResult, delete, func, insert, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from portal.adapters.values import province_key
from portal.catalogue_store import Failure, Report, Stored, known, list_hash, write
from portal.errors import NotFound, PortalProtocolError, PortalRejected, PortalUnavailable, RecordError
from portal.models import ListItem, Page, Procedure
from troly.clock import now
from troly.tables.catalogue import CatalogueProcedure, CatalogueSeen, CatalogueSync

RECHECK_AFTER = timedelta(days=7)
ABANDONED_AFTER = timedelta(hours=24)
CONCURRENT = 8
"""Details asked for at the same time."""

_COUNTS = ("read", "fetched", "added", "changed", "unchanged", "returned", "elsewhere")


class Source(Protocol):
    """What the sync asks; portal.client.PortalClient is one."""

    async def list_procedures(self, cursor: str | None = None) -> Page:
        """One page of the list."""

    async def refetch_procedure(self, identity: str) -> Procedure:
        """The procedure as it stands now."""


async def run(
    engine: AsyncEngine,
    province: str,
    client: Source,
    progress: Callable[[int, int | None], None] | None = None,
    *,
    full: bool = False,
) -> Report:
    """Sync everything that a deployment in `province` (a folded name) serves.

    full: read all details again. Raises PortalUnavailable when the portal stops answering: what is done is
    kept, and the next run resumes. A single record that cannot be read is in the report instead. Procedures
    that a complete run did not meet are marked withdrawn; they come back when the portal lists them again.
    """
    sync_id, cursor, report = await _begin(engine)
    total = await _stored(engine)
    while True:
        page = await client.list_procedures(cursor)
        if cursor is None and not page.items:
            raise PortalProtocolError("the portal's list is empty")
        async with engine.connect() as connection:
            stored = await known(connection, (item.id for item in page.items))
        due = [
            item
            for item in page.items
            if _serves(item, province) and (full or _due(item, stored.get(item.id)))
        ]
        details = await _details(client, due, report)
        # One transaction for the rows and the cursor: a kill loses at most this page.
        async with engine.begin() as connection:
            await _take(connection, sync_id, page, stored, due, details, province, report)
        if progress:
            progress(report.read, max(total, report.read))
        if page.next is None:
            break
        cursor = page.next
    await _finish(engine, sync_id, report)
    if progress:
        progress(report.read, report.read)
    return report


async def _begin(engine: AsyncEngine) -> tuple[int, str | None, Report]:
    async with engine.begin() as connection:
        query = select(CatalogueSync.id, CatalogueSync.cursor, CatalogueSync.counts)
        fresh = CatalogueSync.started_at > now() - ABANDONED_AFTER
        open_runs = await connection.execute(
            query.where(CatalogueSync.finished_at.is_(None), fresh).order_by(CatalogueSync.id.desc()).limit(1)
        )
        if (row := open_runs.first()) is not None and row[1] is not None:
            return row[0], row[1], Report(**{name: row[2].get(name, 0) for name in _COUNTS}, resumed=True)
        # Runs that never got anywhere, or too long ago to go on with.
        await connection.execute(delete(CatalogueSeen))
        await connection.execute(delete(CatalogueSync).where(CatalogueSync.finished_at.is_(None)))
        made = await connection.execute(
            insert(CatalogueSync).values(started_at=now(), counts={}).returning(CatalogueSync.id)
        )
        return made.scalar_one(), None, Report()


async def _stored(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(CatalogueProcedure))).scalar_one()


def _serves(item: ListItem, province: str) -> bool:
    return item.province is None or province_key(item.province) == province


def _due(item: ListItem, before: Stored | None) -> bool:
    if before is None or before.withdrawn_at is not None:
        return True
    return before.list_hash != list_hash(item) or now() - before.as_of > RECHECK_AFTER


async def _details(client: Source, due: list[ListItem], report: Report) -> list[tuple[Procedure, str]]:
    gate = asyncio.Semaphore(CONCURRENT)

    async def ask(item: ListItem) -> tuple[Procedure, str] | Failure:
        async with gate:
            try:
                return await client.refetch_procedure(item.id), list_hash(item)
            except (NotFound, PortalRejected, RecordError, PortalProtocolError) as error:
                return Failure(f"{item.code} ({item.id})", str(error))

    tasks = [asyncio.create_task(ask(item)) for item in due]
    try:
        answers = await asyncio.gather(*tasks)
    except PortalUnavailable:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    failures = [answer for answer in answers if isinstance(answer, Failure)]
    if len(failures) == len(due) > 3:
        # Not one bad record but a portal that sends something else.
        raise PortalProtocolError(failures[0].reason)
    report.fetched += len(due)
    report.failures += failures
    return [answer for answer in answers if not isinstance(answer, Failure)]


async def _take(
    connection: AsyncConnection,
    sync_id: int,
    page: Page,
    stored: dict[str, Stored],
    due: list[ListItem],
    details: list[tuple[Procedure, str]],
    province: str,
    report: Report,
) -> None:
    await write(connection, details, report)
    asked = {item.id for item in due}
    untouched = [item for item in page.items if item.id not in asked]
    report.read += len(page.items)
    report.elsewhere += sum(not _serves(item, province) for item in page.items)
    report.unchanged += sum(_serves(item, province) for item in untouched)
    # Other provinces' procedures are not read again, but they do come back.
    back = [
        item.id for item in untouched if (before := stored.get(item.id)) and before.withdrawn_at is not None
    ]
    if back:
        report.returned += len(back)
        await connection.execute(
            update(CatalogueProcedure).where(CatalogueProcedure.id.in_(back)).values(withdrawn_at=None)
        )
    ids = {item.id for item in page.items}
    met = select(CatalogueSeen.procedure_id).where(
        CatalogueSeen.sync_id == sync_id, CatalogueSeen.procedure_id.in_(ids)
    )
    ids -= set((await connection.execute(met)).scalars())
    if ids:
        await connection.execute(
            insert(CatalogueSeen), [{"sync_id": sync_id, "procedure_id": identity} for identity in ids]
        )
    counts = {name: getattr(report, name) for name in _COUNTS}
    await connection.execute(
        update(CatalogueSync).where(CatalogueSync.id == sync_id).values(cursor=page.next, counts=counts)
    )


async def _finish(engine: AsyncEngine, sync_id: int, report: Report) -> None:
    seen = select(CatalogueSeen.procedure_id).where(CatalogueSeen.sync_id == sync_id)
    gone = CatalogueProcedure.withdrawn_at.is_(None) & not_(CatalogueProcedure.id.in_(seen))
    async with engine.begin() as connection:
        closed = await connection.execute(
            update(CatalogueSync)
            .where(CatalogueSync.id == sync_id, CatalogueSync.finished_at.is_(None))
            .values(finished_at=now())
        )
        if cast(CursorResult[Any], closed).rowcount == 0:
            return  # another process resumed the same run and has already closed it
        stored = (
            await connection.execute(select(func.count()).where(CatalogueProcedure.withdrawn_at.is_(None)))
        ).scalar_one()
        missing = (await connection.execute(select(func.count()).where(gone))).scalar_one()
        if missing > 20 and missing * 2 > stored:
            # A portal that lost half of its list has a fault; withdrawing everything would silence us too.
            report.failures.append(
                Failure("list", f"{missing} of {stored} procedures are missing; none withdrawn")
            )
        else:
            await connection.execute(update(CatalogueProcedure).where(gone).values(withdrawn_at=now()))
            report.withdrawn = missing
        await connection.execute(delete(CatalogueSeen).where(CatalogueSeen.sync_id == sync_id))
        report_counts = {name: getattr(report, name) for name in (*_COUNTS, "withdrawn")}
        await connection.execute(
            update(CatalogueSync).where(CatalogueSync.id == sync_id).values(counts=report_counts)
        )
