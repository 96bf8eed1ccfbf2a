"""Accounts: made, changed, disabled. Pages and the command line use the same functions."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from console.access import sessions
from console.actions import Change
from console.errors import Invalid, Missing, Refused
from console.permissions import ROLES, Role
from troly.clock import now
from troly.tables.staff import StaffGrant, StaffUser
from troly.text import clean, squeeze

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,59}")


@dataclass(frozen=True, slots=True)
class Account:
    """An account as lists show it."""

    id: str
    name: str
    display_name: str
    unit: str
    roles: tuple[str, ...]
    has_code: bool
    has_password: bool
    from_provider: bool
    disabled_at: datetime | None
    signed_in_at: datetime | None
    created_at: datetime


def checked_name(name: str) -> str:
    """The name as it is stored. Raises Invalid."""
    name = name.strip().lower()
    if not _NAME.fullmatch(name):
        raise Invalid("access.name_invalid")
    return name


def checked_roles(roles: Iterable[str]) -> tuple[str, ...]:
    """The roles, sorted, each once. Raises Invalid for none, or one that does not exist."""
    chosen = tuple(sorted(set(roles)))
    if not chosen:
        raise Invalid("access.role_missing")
    for role in chosen:
        if role not in ROLES:
            raise Invalid("access.role_unknown", role=role[:20])
    return chosen


async def add(
    connection: AsyncConnection,
    *,
    name: str,
    display_name: str,
    roles: Iterable[str],
    password: str | None,
    by: str,
    unit: str = "",
    language: str = "vi",
    subject: str | None = None,
    must_change: bool = True,
) -> Change:
    """A new account; `password` is its hash. Raises Invalid, and Refused where the name is taken."""
    name, chosen = checked_name(name), checked_roles(roles)
    if await connection.scalar(select(StaffUser.id).where(StaffUser.name == name)):
        raise Refused("access.name_taken", name=name)
    identity = uuid.uuid4().hex
    await connection.execute(
        insert(StaffUser).values(
            id=identity,
            name=name,
            display_name=_words(display_name, 120) or name,
            unit=_words(unit, 80),
            language=language,
            password=password,
            must_change=must_change and password is not None,
            subject=subject,
            created_at=now(),
        )
    )
    await _grant(connection, identity, chosen, by)
    return Change(f"staff:{name}", None, {"roles": list(chosen), "unit": _words(unit, 80)}, identity)


async def change(
    connection: AsyncConnection,
    user_id: str,
    *,
    display_name: str,
    unit: str,
    roles: Iterable[str],
    by: str,
    forced: bool = False,
) -> Change:
    """Another name, unit or roles. Whoever's roles change is signed out everywhere.

    Raises Refused for the last admin, unless `forced` (the OpenID provider decides about its own).
    """
    user, chosen = await get(connection, user_id), checked_roles(roles)
    had = await sessions.roles_of(connection, user_id)
    if Role.ADMIN in had and Role.ADMIN not in chosen and not forced:
        await _leave_an_admin(connection, user_id)
    await connection.execute(
        update(StaffUser)
        .where(StaffUser.id == user_id)
        .values(display_name=_words(display_name, 120) or user.name, unit=_words(unit, 80))
    )
    if had != chosen:
        await connection.execute(delete(StaffGrant).where(StaffGrant.user_id == user_id))
        await _grant(connection, user_id, chosen, by)
        await sessions.end_all(connection, user_id)
    return Change(
        f"staff:{user.name}",
        {"roles": list(had), "unit": user.unit},
        {"roles": list(chosen), "unit": _words(unit, 80)},
    )


async def disable(connection: AsyncConnection, user_id: str, *, off: bool) -> Change:
    """Shut an account out at once, or let it in again."""
    user = await get(connection, user_id)
    if off and Role.ADMIN in await sessions.roles_of(connection, user_id):
        await _leave_an_admin(connection, user_id)
    await connection.execute(
        update(StaffUser).where(StaffUser.id == user_id).values(disabled_at=now() if off else None)
    )
    if off:
        await sessions.end_all(connection, user_id)
    return Change(f"staff:{user.name}", {"disabled": user.disabled_at is not None}, {"disabled": off})


async def reset(connection: AsyncConnection, user_id: str, password: str) -> Change:
    """A password (its hash) that has to be changed at the next sign-in, and no one-time codes any more."""
    user = await get(connection, user_id)
    await connection.execute(
        update(StaffUser)
        .where(StaffUser.id == user_id)
        .values(password=password, must_change=True, totp_secret=None, totp_step=0, recovery=None)
    )
    await sessions.end_all(connection, user_id)
    return Change(f"staff:{user.name}", {"two_factor": user.totp_secret is not None}, {"two_factor": False})


async def get(connection: AsyncConnection, user_id: str) -> Row[Any]:
    """The row of an account. Raises Missing."""
    found = (await connection.execute(select(StaffUser.__table__).where(StaffUser.id == user_id))).first()
    if found is None:
        raise Missing("access.no_account")
    return found


async def id_of(connection: AsyncConnection, name: str) -> str:
    """The id of an account. Raises Missing."""
    found: str | None = await connection.scalar(
        select(StaffUser.id).where(StaffUser.name == name.strip().lower())
    )
    if found is None:
        raise Missing("access.no_account")
    return found


async def listed(connection: AsyncConnection) -> list[Account]:
    """All accounts by name, those that are shut out last."""
    roles: dict[str, list[str]] = {}
    for user_id, role in await connection.execute(
        select(StaffGrant.user_id, StaffGrant.role).order_by(StaffGrant.role)
    ):
        roles.setdefault(user_id, []).append(role)
    rows = await connection.execute(
        select(StaffUser.__table__).order_by(StaffUser.disabled_at.is_not(None), StaffUser.name)
    )
    return [
        Account(
            row.id,
            row.name,
            row.display_name,
            row.unit,
            tuple(roles.get(row.id, ())),
            row.totp_secret is not None,
            row.password is not None,
            row.subject is not None,
            row.disabled_at,
            row.signed_in_at,
            row.created_at,
        )
        for row in rows
    ]


async def _grant(connection: AsyncConnection, user_id: str, roles: Sequence[str], by: str) -> None:
    moment = now()
    await connection.execute(
        insert(StaffGrant),
        [{"user_id": user_id, "role": role, "granted_at": moment, "granted_by": by} for role in roles],
    )


async def _leave_an_admin(connection: AsyncConnection, user_id: str) -> None:
    others = await connection.scalar(
        select(func.count())
        .select_from(StaffUser)
        .join(StaffGrant, StaffGrant.user_id == StaffUser.id)
        .where(StaffGrant.role == Role.ADMIN, StaffUser.disabled_at.is_(None), StaffUser.id != user_id)
    )
    if not others:
        raise Refused("access.last_admin")


def _words(text: str, limit: int) -> str:
    return squeeze(clean(text))[:limit]
