"""`troly erase`: answers a citizen's written request for access or erasure."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
import httpx
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.media import MediaStore
from channels.registry import CHANNELS
from channels.store import Store
from console import audit
from console.actions import Change
from console.terminal import act, run
from console.texts import say
from console.written import export
from console.written.finding import Asked, Found, find
from troly import erasure
from troly.clock import VIETNAM, now
from troly.database import async_engine
from troly.errors import UsageError
from troly.privacy import Keyring
from troly.settings import settings

_REFERENCE = re.compile(r"[\w./-]{1,40}")
_CODE = re.compile(r"[A-Z]\d{2}[.\w]*-\d{6}-\d{3,5}")


@click.command()
@click.option(
    "--conversation",
    "conversations",
    multiple=True,
    help="Its id, as this command shows it; may be repeated.",
)
@click.option("--channel", type=click.Choice(sorted(set(CHANNELS) - {"web"})), help="The platform of --user.")
@click.option("--user", default="", help="The citizen's id on the platform; - to be asked for it.")
@click.option("--application", default="", help="Code of an application that the citizen asked about.")
@click.option("--phone", default="", help="A number that the citizen left; - to be asked for it.")
@click.option("--reference", default="", help="Number of the letter; stands in the audit. No name.")
@click.option(
    "--export",
    "target",
    type=click.Path(path_type=Path),
    help="Write all that is kept into this new ZIP file.",
)
@click.option("--erase", "do_erase", is_flag=True, help="Erase it, for good.")
@click.option("--receipt", type=click.Path(path_type=Path), help="Also write the receipt into this file.")
@click.option(
    "--language", type=click.Choice(["vi", "en"]), help="Of the receipt (default: DEFAULT_LANGUAGE)."
)
@click.option("--yes", is_flag=True, help="Do not ask again before erasing.")
def erase(
    conversations: tuple[str, ...],
    channel: str | None,
    user: str,
    application: str,
    phone: str,
    reference: str,
    target: Path | None,
    do_erase: bool,
    receipt: Path | None,
    language: str | None,
    yes: bool,
) -> None:
    """Find what is kept of a citizen who wrote a letter, give it to them, or erase it.

    Without --export and --erase it only counts. An application's code or a phone number may have been used by
    several people: see who it was, then name the conversations with --conversation.
    """
    asked = _asked(conversations, channel or "", user, application, phone)
    wanted = bool(target or do_erase)
    if wanted and (asked.application or asked.phone):
        raise UsageError("an application or a number may be several people's: name them with --conversation")
    if wanted and not _REFERENCE.fullmatch(reference):
        raise UsageError("--reference: the letter's number, letters, digits and . / - only")
    keyring = Keyring.from_settings(settings())

    async def look(connection: AsyncConnection) -> list[Found]:
        return await find(connection, keyring, asked)

    found = run(look, write=False)
    _show(found)
    if missing := set(asked.conversations) - {one.id for one in found}:
        raise UsageError(f"no such conversation: {', '.join(sorted(missing))}")
    ids = [one.id for one in found]
    if target and ids:
        _export(target, ids, keyring, reference)
    if do_erase and ids:
        if not yes:
            click.confirm(f"Erase {len(ids)} conversations for good?", abort=True)
        told = _erase(ids, reference, language or settings().default_language)
        click.echo("\n" + told)
        if receipt:
            receipt.write_text(told + "\n", encoding="utf-8")


def _asked(conversations: tuple[str, ...], channel: str, user: str, application: str, phone: str) -> Asked:
    user = click.prompt("Id on the platform", hide_input=True) if user == "-" else user
    phone = click.prompt("Phone number", hide_input=True) if phone == "-" else phone
    if bool(user) != bool(channel):
        raise UsageError("--channel and --user belong together")
    code = application.strip().upper()
    if code and not _CODE.fullmatch(code):
        raise UsageError(f"--application {application}: write it as H49.33-250421-0001")
    if phone and len(re.sub(r"\D", "", phone)) < 9:
        raise UsageError("--phone: too short for a number")
    if not (conversations or user or code or phone):
        raise UsageError("name the citizen: --channel and --user, --application, --phone or --conversation")
    return Asked(conversations, channel, user, code, phone)


def _show(found: Sequence[Found]) -> None:
    for one in found:
        began, active = (
            f"{moment.astimezone(VIETNAM):%d/%m/%Y}" for moment in (one.created_at, one.active_at)
        )
        click.echo(f"{one.id}  {one.channel}, {began} to {active}, found by {', '.join(sorted(one.why))}")
        click.echo("  " + ", ".join(f"{name} {number}" for name, number in one.holdings.items()))
    click.echo(f"{len(found)} conversations")


def _export(target: Path, ids: Sequence[str], keyring: Keyring, reference: str) -> None:
    async def do(connection: AsyncConnection) -> Change:
        data = await export.content(connection, keyring, ids)
        names = await export.files(connection, ids)
        # Before the line is committed: what was not written was not taken out either.
        await asyncio.to_thread(export.write, target, data, settings().data_dir / "media", names)
        rows = sum(len(rows) for tables in data.values() for rows in tables.values())
        after = {"reference": reference, "conversations": list(ids), "rows": rows, "files": len(names)}
        return Change("request:access", after=after)

    change = act("written_access", do)
    click.echo(f"{change.after['rows']} rows and {change.after['files']} files are in {target}")


def _erase(ids: Sequence[str], reference: str, language: str) -> str:
    """The receipt."""
    erased: list[str] = []

    async def do(connection: AsyncConnection) -> Change:
        gone: Counter[str] = Counter()
        for identity in ids:
            gone.update(await erasure.holdings(connection, identity))
            erased.extend((await erasure.erase(connection, identity, by="request")).files)
        after = {"reference": reference, "conversations": list(ids), "erased": dict(gone)}
        return Change("request:erasure", after=after, result=gone)

    change = act("written_erasure", do)
    asyncio.run(_discard(erased))

    async def length(connection: AsyncConnection) -> int:
        return (await audit.head_of(connection))[0]

    return say(
        language,
        "erasure.receipt",
        number=run(length, write=False),
        reference=reference,
        at=f"{now().astimezone(VIETNAM):%H:%M %d/%m/%Y}",
        conversations=len(ids),
        messages=change.result["inbox"],
        answers=change.result["outbox"],
        files=len(erased),
        others=sum(change.result.values()) - change.result["inbox"] - change.result["outbox"],
    )


async def _discard(names: Sequence[str]) -> None:
    engine = async_engine(settings().database)
    try:
        async with httpx.AsyncClient(trust_env=False) as http:
            await MediaStore(Store(engine), http, settings()).discard(names)
    finally:
        await engine.dispose()
