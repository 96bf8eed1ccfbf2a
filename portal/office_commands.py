"""troly offices: the province's list of one-stop desks, from the command line."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from troly import offices as lists
from troly.database import async_engine, require_tables
from troly.errors import UsageError
from troly.settings import settings
from troly.units.directory import directory


@click.group()
def offices() -> None:
    """The province's list of one-stop desks."""


@offices.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(file: Path) -> None:
    """Put FILE (CSV) in the place of the present list; nothing changes when a line is wrong."""
    chosen = settings()
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{file}: not UTF-8; save it as CSV UTF-8") from None
    found = lists.read(text, chosen.province)
    require_tables(chosen.database)

    async def work() -> None:
        engine = async_engine(chosen.database)
        try:
            await lists.Offices(engine, chosen.province).replace(found)
        finally:
            await engine.dispose()

    asyncio.run(work())
    served = {office.commune_code for office in found if office.level == "commune"}
    communes = directory().in_province(chosen.province)
    click.echo(f"{len(found)} offices of {chosen.province} imported")
    if without := [commune.name for commune in communes if commune.code not in served]:
        click.echo(f"without an office: {', '.join(without)}", err=True)


@offices.command("template")
def template() -> None:
    """Print a CSV with a line for every commune of PROVINCE, to fill in and import."""
    province = settings().province
    if not directory().in_province(province):
        raise UsageError(f"PROVINCE: {province!r} is none of the 34 provinces; write it as in Quảng Ninh")
    click.echo(lists.template(province), nl=False)


@offices.command("list")
def list_() -> None:
    """Print the offices in use."""

    async def work() -> list[lists.Office]:
        engine = async_engine(settings().database)
        try:
            return await lists.Offices(engine, settings().province).all()
        finally:
            await engine.dispose()

    require_tables(settings().database)
    for office in asyncio.run(work()):
        known = office.address or "address not known"
        click.echo(f"{office.id}  {office.name}  [{known}]" + ("  (sample)" if office.sample else ""))
