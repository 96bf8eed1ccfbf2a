"""`troly user` and `troly audit`: what the operator does without the console's pages."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click
from sqlalchemy.ext.asyncio import AsyncConnection
from tqdm import tqdm

from channels.store import Store
from console import audit as chain
from console.access import accounts, passwords
from console.actions import Change
from console.errors import ConsoleError
from console.permissions import ROLES, Role
from console.texts import say
from troly.database import async_engine, require_tables
from troly.errors import TrolyError, UsageError
from troly.settings import settings

_WHO = "command line"

Answer = TypeVar("Answer")


class AuditBrokenError(TrolyError):
    """The audit was changed behind the program's back."""


@click.group()
def user() -> None:
    """Accounts of staff."""


@user.command()
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(sorted(ROLES)),
    help="May be repeated (default: admin).",
)
@click.option("--display-name", default="", help="As others see it (default: NAME).")
@click.option("--unit", default="", help="The unit whose conversations this person takes over.")
@click.option("--language", type=click.Choice(["vi", "en"]), help="Of the pages (default: DEFAULT_LANGUAGE).")
@click.option("--password-env", default="", help="Take the password from this environment variable.")
def add(
    name: str, roles: tuple[str, ...], display_name: str, unit: str, language: str | None, password_env: str
) -> None:
    """Make an account; the password is made and printed unless one is given."""
    given = _given(password_env, name)
    password = given or passwords.suggested()

    async def do(connection: AsyncConnection) -> Change:
        return await accounts.add(
            connection,
            name=name,
            display_name=display_name or name,
            roles=roles or (Role.ADMIN,),
            password=passwords.hashed(password),
            by=_WHO,
            unit=unit,
            language=language or settings().default_language,
            must_change=not given,
        )

    change = _act("account_added", do)
    click.echo(f"{change.target.removeprefix('staff:')}: {', '.join(change.after['roles'])}")
    if not given:
        click.echo(f"First password, to be changed at the first sign-in: {password}")
    if settings().staff_two_factor == "required":
        click.echo("One-time codes are set up at the first sign-in; have an authenticator app at hand.")


@user.command("list")
def list_accounts() -> None:
    """All accounts."""

    async def read(connection: AsyncConnection) -> list[accounts.Account]:
        return await accounts.listed(connection)

    for account in _run(read, write=False):
        state = "disabled" if account.disabled_at else "OpenID" if account.from_provider else "password"
        codes = "one-time codes" if account.has_code else "no one-time codes"
        click.echo(
            f"{account.name:<20} {', '.join(account.roles):<28} {state:<9} {codes:<18} {account.display_name}"
        )


@user.command()
@click.argument("name")
@click.option("--undo", is_flag=True, help="Let the account in again.")
def disable(name: str, undo: bool) -> None:
    """Shut an account out, at once."""

    async def do(connection: AsyncConnection) -> Change:
        return await accounts.disable(connection, await accounts.id_of(connection, name), off=not undo)

    _act("account_enabled" if undo else "account_disabled", do)
    click.echo(f"{name} is {'enabled' if undo else 'disabled'}.")


@user.command()
@click.argument("name")
@click.option("--password-env", default="", help="Take the password from this environment variable.")
def reset(name: str, password_env: str) -> None:
    """Give an account a new password, and have it set up its one-time codes anew."""
    password = _given(password_env, name) or passwords.suggested()

    async def do(connection: AsyncConnection) -> Change:
        identity = await accounts.id_of(connection, name)
        return await accounts.reset(connection, identity, passwords.hashed(password))

    _act("account_reset", do)
    click.echo(f"{name} is signed out everywhere.")
    if not password_env:
        click.echo(f"New password, to be changed at the first sign-in: {password}")


@click.group()
def audit() -> None:
    """The record of what staff did."""


@audit.command()
@click.option("--expect", default="", help="LENGTH:HASH as printed before: the record must still begin so.")
def verify(expect: str) -> None:
    """Recompute the chain of the audit; exit 1 where it was changed or shortened.

    Note the last line elsewhere: whoever can change the whole database could make a new chain.
    """

    async def check(connection: AsyncConnection) -> tuple[int, str, list[chain.Broken], str | None]:
        length, digest = await chain.head_of(connection)
        broken: list[chain.Broken] = []
        with tqdm(total=length, unit=" lines", disable=None) as bar:
            async for found in chain.verify(connection):
                if isinstance(found, chain.Broken):
                    broken.append(found)
                else:
                    bar.update(found - bar.n)
        number = expect.partition(":")[0]
        then = await chain.hash_at(connection, int(number)) if number.isdigit() else None
        return length, digest, broken, then

    if expect and not (expect.partition(":")[0].isdigit() and expect.partition(":")[2]):
        raise UsageError("--expect: write LENGTH:HASH, as a run before has printed it")
    length, digest, broken, then = _run(check, write=False)
    for one in broken:
        click.echo(f"line {one.sequence}: {one.reason}", err=True)
    if expect and then != expect.partition(":")[2]:
        click.echo("the record does not begin as expected", err=True)
        raise AuditBrokenError("the audit was changed")
    if broken:
        raise AuditBrokenError(f"the audit was changed in {len(broken)} places")
    click.echo(f"{length} lines, unbroken. Note this: {length}:{digest}")


def _given(variable: str, name: str) -> str:
    if not variable:
        return ""
    password = os.environ.get(variable, "")
    if not password:
        raise UsageError(f"--password-env: {variable} is empty")
    _explained(lambda: passwords.check_choice(password, name))
    return password


def _act(name: str, do: Callable[[AsyncConnection], Awaitable[Change]]) -> Change:
    """Whoever has the command line has every permission; what they do is written down all the same."""

    async def with_line(connection: AsyncConnection) -> Change:
        await chain.hold(connection)
        change = await do(connection)
        await chain.append(
            connection,
            actor=_WHO,
            action=name,
            target=change.target,
            before=change.before,
            after=change.after,
        )
        return change

    return _run(with_line, write=True)


def _run(work: Callable[[AsyncConnection], Awaitable[Answer]], *, write: bool) -> Answer:
    require_tables(settings().database)

    async def run() -> Answer:
        engine = async_engine(settings().database)
        store = Store(engine)
        try:
            async with store.write() if write else store.read() as connection:
                return await work(connection)
        finally:
            await engine.dispose()

    return _explained(lambda: asyncio.run(run()))


def _explained(work: Callable[[], Answer]) -> Answer:
    try:
        return work()
    except ConsoleError as error:
        raise UsageError(say("en", error.code, **error.values)) from None
