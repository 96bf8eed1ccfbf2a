"""troly catalogue: the local copy of the portal's procedures, from the command line."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import click
from tqdm import tqdm

from portal.adapters.national_record import PUBLIC_SITE
from portal.catalogue import Catalogue, CatalogueName, Progress
from portal.catalogue_store import Report
from portal.client import PortalClient
from portal.errors import PortalError, PortalUnavailable
from portal.models import Procedure
from troly.clock import VIETNAM
from troly.database import async_engine
from troly.errors import TrolyError, UsageError
from troly.settings import Settings, settings

_Result = TypeVar("_Result")
_SHOWN_FAILURES = 20


@click.group()
def catalogue() -> None:
    """The local copy of the portal's procedures."""


@catalogue.command()
@click.option("--full", is_flag=True, help="Read the details of every procedure again.")
def sync(full: bool) -> None:
    """Bring the copy up to the portal's state; goes on where a stopped run was."""

    async def work(store: Catalogue, chosen: Settings) -> Report:
        client = PortalClient.from_settings(chosen)
        try:
            with _bar("procedures") as progress:
                return await store.sync(client, progress, full=full)
        except PortalUnavailable as error:
            raise PortalError(
                f"{error} ({chosen.portal}); what was read is kept, run again to go on"
            ) from None
        finally:
            await client.aclose()

    _finish(_run(work))


@catalogue.command("import")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day on which FILE was read from the portal; otherwise the newest change in it.",
)
def import_(file: Path, as_of: datetime | None) -> None:
    """Take over FILE: the portal's raw records (.jsonl, .jsonl.gz, .json).

    FILE may also be the demo portal's data directory.
    """
    # The demo portal's own forms exist nowhere else.
    own_forms = file.is_dir()

    async def work(store: Catalogue, chosen: Settings) -> Report:
        read_at = as_of.replace(tzinfo=VIETNAM) if as_of else None
        host = chosen.portal if own_forms else PUBLIC_SITE
        with _bar("records") as progress:
            return await store.import_file(file, progress, as_of=read_at, forms_from=host)

    _finish(_run(work))


@catalogue.command()
@click.argument("text", nargs=-1, required=True)
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 1000))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def search(text: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Procedures whose name or code has the words of TEXT."""

    async def work(store: Catalogue, _chosen: Settings) -> list[CatalogueName]:
        if not await store.count():
            raise UsageError("the catalogue is empty; run: troly catalogue sync (or import FILE)")
        return await store.search(" ".join(text), limit)

    found = _run(work)
    for item in found:
        if as_json:
            row = {"code": item.code, "name": item.name, "name_en": item.name_en, "field": item.field}
            click.echo(json.dumps(row, ensure_ascii=False))
        else:
            click.echo(f"{item.code}  {item.name}  [{item.field}]")
    if not found:
        _stop(f"nothing found for {' '.join(text)!r}", 1)


@catalogue.command()
@click.argument("code")
@click.option("--json", "as_json", is_flag=True, help="The whole record as JSON.")
def show(code: str, as_json: bool) -> None:
    """The stored copy of the procedure CODE (1.001193)."""

    async def work(store: Catalogue, _chosen: Settings) -> Procedure | None:
        return await store.get(code)

    found = _run(work)
    if found is None:
        _stop(f"no procedure {code} here; try: troly catalogue search TEXT", 1)
        return
    if as_json:
        click.echo(json.dumps(found.to_dict(), ensure_ascii=False, indent=2))
    else:
        click.echo(_described(found))


def _run(work: Callable[[Catalogue, Settings], Awaitable[_Result]]) -> _Result:
    """Do the work over the database of the settings; errors become one line and an exit code."""

    async def inside() -> _Result:
        chosen = settings()
        engine = async_engine(chosen.database)
        try:
            return await work(Catalogue(engine, chosen.province), chosen)
        finally:
            await engine.dispose()

    try:
        return asyncio.run(inside())
    except UsageError as error:
        _stop(str(error), 2)
    except TrolyError as error:
        _stop(str(error), 1)
    except KeyboardInterrupt:
        _stop("stopped; run again to go on", 1)
    raise AssertionError("unreachable")


def _stop(message: str, code: int) -> None:
    click.echo(message, err=True)
    sys.exit(code)


class _bar:
    """A progress bar on standard error, none where that is a file."""

    def __init__(self, unit: str) -> None:
        self._bar = tqdm(unit=f" {unit}", disable=None, leave=False)

    def __enter__(self) -> Progress:
        return self._move

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def _move(self, done: int, total: int | None) -> None:
        self._bar.total = total
        self._bar.update(done - self._bar.n)


def _finish(report: Report) -> None:
    parts = [f"{report.read} read"]
    for name in ("fetched", "added", "changed", "unchanged", "returned", "withdrawn", "older"):
        if number := getattr(report, name):
            parts.append(f"{number} {name}")
    if report.elsewhere:
        parts.append(f"{report.elsewhere} of other provinces (not served here)")
    if report.resumed:
        parts.append("resumed")
    click.echo(", ".join(parts))
    for failure in report.failures[:_SHOWN_FAILURES]:
        click.echo(f"{failure.where}: {failure.reason}", err=True)
    if report.failures:
        _stop(f"{len(report.failures)} not taken over", 1)


def _described(found: Procedure) -> str:
    lines = [
        f"{found.code}  {found.name}" + ("  [WITHDRAWN]" if found.withdrawn else ""),
        *([found.name_en] if found.name_en else []),
        f"field: {found.field}; levels: {', '.join(found.levels) or '-'}; issued by {found.issuer}",
        f"agencies: {'; '.join(found.agencies) or '-'}",
        f"online: {found.online}; decision: {found.decision or '-'}",
    ]
    for method in found.methods:
        time = method.time
        limit = "-" if time is None else time.text if time.value is None else f"{time.value:g} {time.unit}"
        fees = "; ".join(
            f"{fee.amount} {fee.currency}" if fee.amount is not None else fee.note[:60] for fee in method.fees
        )
        lines.append(f"{method.channel}: {limit}; fees: {fees or '-'}")
    lines += [f"{case.name.rstrip(' :') or 'documents'}: {len(case.documents)}" for case in found.cases]
    lines += [f"as of {found.as_of.astimezone(VIETNAM):%d/%m/%Y}; {found.source_url}"]
    return "\n".join(lines)
