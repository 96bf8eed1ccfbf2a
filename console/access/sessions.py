"""Sessions, kept on the server. The cookie is a random value; the database has only its hash."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from channels.store import Store
from console.visits import Staff
from troly.clock import now
from troly.settings import Settings
from troly.tables.staff import StaffGrant, StaffSession, StaffUser

COOKIE = "__Host-troly-staff"
STRANGER = "__Host-troly-visit"
"""Before somebody signs in: ties the sign-in form to the browser that asked for it."""
LANGUAGE = "__Host-troly-language"

CODE, ENROL, PASSWORD, FULL = "code", "enrol", "password", "full"

_HALFWAY = timedelta(minutes=10)
"""To complete a sign-in."""
_NOTED = timedelta(minutes=1)
"""A session's last use is written down so often, not at each request."""


@dataclass(frozen=True, slots=True)
class Found:
    """A session that is alive."""

    id: str
    staff: Staff
    stage: str
    origin: str
    pending: str | None


def hash_of(value: str) -> str:
    """The id of the session whose cookie has this value."""
    return hashlib.sha256(value.encode()).hexdigest()


async def find(store: Store, settings: Settings, value: str, *, used: bool = True) -> Found | None:
    """The session of a cookie; None for none, an ended one, or one of a disabled account.

    `used` False: a page asked by itself, nobody did anything, and the idle time goes on.
    """
    if not value:
        return None
    moment = now()
    identity = hash_of(value)
    async with store.read() as connection:
        row = (
            await connection.execute(
                select(
                    StaffSession.stage,
                    StaffSession.origin,
                    StaffSession.pending,
                    StaffSession.seen_at,
                    StaffUser.id,
                    StaffUser.name,
                    StaffUser.display_name,
                    StaffUser.unit,
                    StaffUser.language,
                )
                .join(StaffUser, StaffUser.id == StaffSession.user_id)
                .where(
                    StaffSession.id == identity,
                    StaffSession.expires_at > moment,
                    StaffSession.seen_at > moment - timedelta(minutes=settings.staff_idle_minutes),
                    StaffUser.disabled_at.is_(None),
                )
            )
        ).first()
        if row is None:
            return None
        roles = await roles_of(connection, row.id)
    if used and moment - row.seen_at > _NOTED:
        async with store.write() as connection:
            await connection.execute(
                update(StaffSession).where(StaffSession.id == identity).values(seen_at=moment)
            )
    staff = Staff(row.id, row.name, row.display_name, roles, row.unit, row.language)
    return Found(identity, staff, row.stage, row.origin, row.pending)


async def roles_of(connection: AsyncConnection, user_id: str) -> tuple[str, ...]:
    """The roles of an account."""
    rows = await connection.scalars(
        select(StaffGrant.role).where(StaffGrant.user_id == user_id).order_by(StaffGrant.role)
    )
    return tuple(rows)


async def begin(
    connection: AsyncConnection,
    settings: Settings,
    user_id: str,
    stage: str,
    *,
    origin: str = "password",
    instead_of: str | None = None,
) -> str:
    """Start a session within the caller's transaction; gives the cookie's value.

    Each step of signing in, and each change of what a session may do, begins a new one `instead_of` the
    old: a value that somebody planted or saw before is worth nothing after.
    """
    moment = now()
    # The first statement, so that SQLite's lock is taken; it also sweeps what has ended.
    await connection.execute(
        delete(StaffSession).where((StaffSession.expires_at <= moment) | (StaffSession.id == instead_of))
    )
    value = secrets.token_urlsafe(32)
    life = timedelta(hours=settings.staff_session_hours) if stage == FULL else _HALFWAY
    await connection.execute(
        insert(StaffSession).values(
            id=hash_of(value),
            user_id=user_id,
            stage=stage,
            origin=origin,
            created_at=moment,
            seen_at=moment,
            expires_at=moment + life,
        )
    )
    if stage == FULL:
        await connection.execute(update(StaffUser).where(StaffUser.id == user_id).values(signed_in_at=moment))
    return value


async def end(connection: AsyncConnection, session_id: str) -> None:
    """Sign out."""
    await connection.execute(delete(StaffSession).where(StaffSession.id == session_id))


async def end_all(connection: AsyncConnection, user_id: str, *, but: Sequence[str] = ()) -> None:
    """Sign an account out everywhere."""
    await connection.execute(
        delete(StaffSession).where(StaffSession.user_id == user_id, StaffSession.id.not_in(list(but)))
    )


def give(response: Response, name: str, value: str, *, seconds: int | None = None) -> None:
    """Set one of our cookies; until the browser is closed unless `seconds` says otherwise."""
    response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")


def take(response: Response, name: str) -> None:
    """Remove one of our cookies."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
