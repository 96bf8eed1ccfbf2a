"""`troly user` and `troly audit`: what the operator does without the console's pages."""

from __future__ import annotations

import os

import click
from sqlalchemy.ext.asyncio import AsyncConnection
from tqdm import tqdm

from console import audit as chain
from console.access import accounts, passwords
from console.actions import Change
from console.permissions import ROLES, Role
from console.terminal import COMMAND_LINE, act, explained, run
from troly.errors import TrolyError, UsageError
from troly.settings import settings


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
            by=COMMAND_LINE,
            unit=unit,
            language=language or settings().default_language,
            must_change=not given,
        )

    change = act("account_added", do)
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

    for account in run(read, write=False):
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

    act("account_enabled" if undo else "account_disabled", do)
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

    act("account_reset", do)
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
    length, digest, broken, then = run(check, write=False)
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
    explained(lambda: passwords.check_choice(password, name))
    return password
