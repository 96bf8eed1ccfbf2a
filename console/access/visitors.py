"""Accounts of people whom the OpenID provider vouches for: made at their first visit, renewed at each."""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from console import audit
from console.access import accounts, sessions
from console.access.provider import Person
from console.errors import Invalid
from console.parts import Console
from troly.tables.staff import StaffUser

_BY = "openid"


async def admit(console: Console, person: Person, instead_of: str | None) -> str:
    """Sign the person in with the roles that the provider's groups give; gives the cookie's value.

    Raises Invalid for an account that is shut out here.
    """
    async with console.store.write() as connection:
        await audit.hold(connection)
        user_id = await _known(connection, person) or await _added(connection, console, person)
        value = await sessions.begin(
            connection, console.settings, user_id, sessions.FULL, origin="oidc", instead_of=instead_of
        )
        name = await connection.scalar(select(StaffUser.name).where(StaffUser.id == user_id))
        await audit.append(
            connection, actor=str(name), action="signed_in", target=f"staff:{name}", after={"with": "oidc"}
        )
    return value


async def _known(connection: AsyncConnection, person: Person) -> str | None:
    user = (
        await connection.execute(
            select(StaffUser.id, StaffUser.name, StaffUser.unit, StaffUser.disabled_at).where(
                StaffUser.subject == person.subject
            )
        )
    ).first()
    if user is None:
        return None
    if user.disabled_at is not None:
        raise Invalid("access.sso_no_role")
    if await sessions.roles_of(connection, user.id) != person.roles:
        change = await accounts.change(
            connection,
            user.id,
            display_name=person.display_name,
            unit=user.unit,
            roles=person.roles,
            by=_BY,
            forced=True,
        )
        await audit.append(
            connection,
            actor=_BY,
            action="account_changed",
            target=change.target,
            before=change.before,
            after=change.after,
        )
    return str(user.id)


async def _added(connection: AsyncConnection, console: Console, person: Person) -> str:
    base = re.sub(r"[^a-z0-9._-]+", "-", person.name.lower().split("@")[0]).strip("-._")[:50] or "staff"
    name, number = base if len(base) > 1 else f"{base}-1", 1
    while await connection.scalar(select(StaffUser.id).where(StaffUser.name == name)):
        number += 1
        name = f"{base}-{number}"
    change = await accounts.add(
        connection,
        name=name,
        display_name=person.display_name,
        roles=person.roles,
        password=None,
        by=_BY,
        language=console.settings.default_language,
        subject=person.subject,
    )
    await audit.append(
        connection, actor=_BY, action="account_added", target=change.target, after=change.after
    )
    return str(change.result)
