"""troly offices: the province's list of one-stop desks, from the command line."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from troly import office_list
from troly.database import async_engine, require_tables
from troly.errors import UsageError
from troly.office_list import Office
from troly.offices import Imported, Offices
from troly.settings import settings
from troly.units.directory import directory


@click.group()
def offices() -> None:
    """The province's list of one-stop desks."""


@offices.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--take-over",
    is_flag=True,
    help="Where the list uses the id of an office made in the console, have the list's in its place.",
)
def import_(file: Path, take_over: bool) -> None:
    """Put FILE (CSV) in the place of the present list; nothing changes when a line is wrong.

    What was changed in the console about offices of the list ends; offices made there stay beside it, and
    those taken off there stay off. Each is named.
    """
    chosen = settings()
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{file}: not UTF-8; save it as CSV UTF-8") from None
    found = office_list.read(text, chosen.province)
    require_tables(chosen.database)

    async def work() -> tuple[Imported, list[Office]]:
        engine = async_engine(chosen.database)
        try:
            store = Offices(engine, chosen.province)
            return await store.replace(found, take_over=take_over), await store.all()
        finally:
            await engine.dispose()

    met, in_use = asyncio.run(work())
    click.echo(f"{len(found)} offices of {chosen.province} imported")
    for what, ids in (
        ("what the console had changed is replaced by the list", met.replaced),
        ("taken off in the console, stays off", met.retired),
        ("made in the console, stays beside the list", met.made),
    ):
        if ids:
            click.echo(f"{what}: {', '.join(ids)}", err=True)
    served = {office.commune_code for office in in_use if office.level == "commune"}
    communes = directory().in_province(chosen.province)
    if without := [commune.name for commune in communes if commune.code not in served]:
        click.echo(f"without an office: {', '.join(without)}", err=True)


@offices.command("template")
def template() -> None:
    """Print a CSV with a line for every commune of PROVINCE, to fill in and import."""
    province = settings().province
    if not directory().in_province(province):
        raise UsageError(f"PROVINCE: {province!r} is none of the 34 provinces; write it as in Quảng Ninh")
    click.echo(office_list.template(province), nl=False)


@offices.command("list")
def list_() -> None:
    """Print the offices in use."""

    async def work() -> list[Office]:
        engine = async_engine(settings().database)
        try:
            return await Offices(engine, settings().province).all()
        finally:
            await engine.dispose()

    require_tables(settings().database)
    for office in asyncio.run(work()):
        known = office.address or "address not known"
        click.echo(f"{office.id}  {office.name}  [{known}]" + ("  (sample)" if office.sample else ""))
