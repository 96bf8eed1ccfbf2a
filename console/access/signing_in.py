"""The steps of signing in: password, one-time code (or setting one up), a password of one's own, done."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from console import audit
from console.access import codes, passwords, sessions, throttle
from console.actions import Change, act
from console.errors import Invalid, Refused, SignInNeeded
from console.parts import Console
from console.visits import Staff
from troly.tables.staff import StaffSession, StaffUser


async def with_password(console: Console, name: str, password: str, address: str) -> tuple[str, str]:
    """The first step; gives the cookie's value and the stage. Raises Invalid, TooOften.

    One answer for a wrong name, a wrong password and a disabled account, after the same time.
    """
    name = name.strip().lower()[:60]
    keys = throttle.keys_of(console.keyring, name, address)
    await throttle.admit(console.store, keys)
    async with console.store.read() as connection:
        user = (
            await connection.execute(
                select(StaffUser.__table__).where(StaffUser.name == name, StaffUser.disabled_at.is_(None))
            )
        ).first()
    if not await passwords.is_right(user.password if user else None, password) or user is None:
        raise Invalid("access.wrong")
    await throttle.forgive(console.store, *keys)
    stage = _next(console, user, code_given=False)
    return await _step(console, user.id, user.name, stage), stage


async def with_code(console: Console, found: sessions.Found, code: str) -> tuple[str, str]:
    """The second step: a code of the app, or a recovery code. Raises Invalid, TooOften."""
    if found.stage != sessions.CODE:
        raise SignInNeeded
    key = throttle.Key(console.keyring.hash("sign-in code", found.staff.id), 4, 300.0)
    await throttle.admit(console.store, (key,))
    async with console.store.write() as connection:
        user = await _locked(connection, found.staff.id)
        used = await _use_code(connection, console, user, code) or await _use_recovery(connection, user, code)
    if not used:
        raise Invalid("access.code_wrong")
    await throttle.forgive(console.store, key)
    stage = _next(console, user, code_given=True)
    return await _step(console, user.id, user.name, stage, instead_of=found.id), stage


async def begin_enrolment(console: Console, found: sessions.Found) -> str:
    """The secret that is being set up in this session: shown until it is confirmed."""
    if found.pending:
        return console.keyring.decrypt(found.pending)
    secret = codes.new_secret()
    async with console.store.write() as connection:
        await connection.execute(
            update(StaffSession)
            .where(StaffSession.id == found.id)
            .values(pending=console.keyring.encrypt(secret))
        )
    return secret


async def enrol(console: Console, found: sessions.Found, code: str) -> tuple[str, str, list[str]]:
    """Confirm the app with its first code; gives cookie, stage and the recovery codes, shown once."""
    if not found.pending:
        raise Refused("access.enrol_again")
    secret = console.keyring.decrypt(found.pending)
    step = codes.step_of(secret, code, time.time())
    if step is None:
        raise Invalid("access.code_wrong")
    fresh = codes.recovery_codes()
    hashes = [codes.hash_of(one, found.staff.id) for one in fresh]

    async def do(connection: AsyncConnection) -> Change:
        await connection.execute(
            update(StaffUser)
            .where(StaffUser.id == found.staff.id)
            .values(totp_secret=console.keyring.encrypt(secret), totp_step=step, recovery=hashes)
        )
        await sessions.end_all(connection, found.staff.id, but=[found.id])
        return Change(f"staff:{found.staff.name}", None, {"two_factor": True})

    await act(console.store, found.staff, None, "two_factor_set_up", do)
    async with console.store.read() as connection:
        user = await _get(connection, found.staff.id)
    stage = _next(console, user, code_given=True)
    value = await _step(console, user.id, user.name, stage, instead_of=found.id, origin=found.origin)
    return value, stage, fresh


async def choose_password(
    console: Console, found: sessions.Found, password: str, *, old: str | None
) -> tuple[str, str]:
    """A password of one's own; `old` is asked of whoever is signed in already. Raises Invalid."""
    async with console.store.read() as connection:
        user = await _get(connection, found.staff.id)
    if user.password is None:
        raise Refused("access.no_password")
    if found.stage == sessions.FULL:
        key = throttle.Key(console.keyring.hash("password change", user.id), 4, 300.0)
        await throttle.admit(console.store, (key,))
        if not await passwords.is_right(user.password, old or ""):
            raise Invalid("access.old_wrong")
        await throttle.forgive(console.store, key)
    passwords.check_choice(password, user.name)
    if await passwords.is_right(user.password, password):
        raise Invalid("access.password_same")
    stored = await passwords.make(password)

    async def do(connection: AsyncConnection) -> Change:
        await connection.execute(
            update(StaffUser).where(StaffUser.id == user.id).values(password=stored, must_change=False)
        )
        await sessions.end_all(connection, user.id, but=[found.id])
        return Change(f"staff:{user.name}")

    await act(console.store, found.staff, None, "password_changed", do)
    return await _step(console, user.id, user.name, sessions.FULL, instead_of=found.id), sessions.FULL


async def sign_out(console: Console, session_id: str, staff: Staff) -> None:
    """End the session."""

    async def do(connection: AsyncConnection) -> Change:
        await sessions.end(connection, session_id)
        return Change(f"staff:{staff.name}")

    await act(console.store, staff, None, "signed_out", do)


def _next(console: Console, user: Row[Any], *, code_given: bool) -> str:
    if user.totp_secret is not None and not code_given:
        return sessions.CODE
    if user.totp_secret is None and console.settings.staff_two_factor == "required":
        return sessions.ENROL
    return sessions.PASSWORD if user.must_change else sessions.FULL


async def _step(
    console: Console,
    user_id: str,
    name: str,
    stage: str,
    *,
    instead_of: str | None = None,
    origin: str = "password",
) -> str:
    async with console.store.write() as connection:
        value = await sessions.begin(
            connection, console.settings, user_id, stage, origin=origin, instead_of=instead_of
        )
        if stage == sessions.FULL:
            await audit.append(
                connection, actor=name, action="signed_in", target=f"staff:{name}", after={"with": origin}
            )
    return value


async def _locked(connection: AsyncConnection, user_id: str) -> Row[Any]:
    # Written first: codes are used up one request at a time.
    await connection.execute(
        update(StaffUser).where(StaffUser.id == user_id).values(totp_step=StaffUser.totp_step)
    )
    return await _get(connection, user_id)


async def _get(connection: AsyncConnection, user_id: str) -> Row[Any]:
    found = (await connection.execute(select(StaffUser.__table__).where(StaffUser.id == user_id))).first()
    if found is None:
        raise SignInNeeded
    return found


async def _use_code(connection: AsyncConnection, console: Console, user: Row[Any], code: str) -> bool:
    if user.totp_secret is None:
        return False
    step = codes.step_of(console.keyring.decrypt(user.totp_secret), code, time.time())
    if step is None or step <= user.totp_step:
        return False
    await connection.execute(update(StaffUser).where(StaffUser.id == user.id).values(totp_step=step))
    return True


async def _use_recovery(connection: AsyncConnection, user: Row[Any], code: str) -> bool:
    left = list(user.recovery or ())
    if len(code) < 8 or len(code) > 40 or not left:
        return False
    digest = codes.hash_of(code, user.id)
    if digest not in left:
        return False
    left.remove(digest)
    await connection.execute(update(StaffUser).where(StaffUser.id == user.id).values(recovery=left))
    await audit.append(
        connection,
        actor=user.name,
        action="recovery_code_used",
        target=f"staff:{user.name}",
        after={"left": len(left)},
    )
    return True
