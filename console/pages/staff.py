"""Accounts, for admins: made, changed, disabled, given a new password."""

from __future__ import annotations

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.datastructures import FormData
from starlette.responses import Response

from console.access import accounts, passwords, sessions
from console.actions import Change, act
from console.errors import ConsoleError, Refused
from console.parts import console_of
from console.permissions import Permission, Role
from console.rendering import problem_of, redirect, render
from console.routing import Routes
from console.visits import visit_of

routes = Routes()

_MANAGE = Permission.STAFF_MANAGE


@routes.get("/staff", needs=_MANAGE)
async def people(request: Request) -> Response:
    """All accounts, and the form for a new one."""
    return await _people(request)


@routes.post("/staff", needs=_MANAGE)
async def add(request: Request) -> Response:
    """A new account; its first password is shown once."""
    console, visit, form = console_of(request), visit_of(request), await request.form()
    password = passwords.suggested()

    async def do(connection: AsyncConnection) -> Change:
        return await accounts.add(
            connection,
            name=_text(form, "name"),
            display_name=_text(form, "display_name"),
            unit=_text(form, "unit"),
            roles=_roles(form),
            password=stored,
            by=visit.staff.name,
        )

    stored = await passwords.make(password)
    try:
        change = await act(console.store, visit.staff, _MANAGE, "account_added", do)
    except ConsoleError as error:
        return await _people(request, error, form)
    return await _people(request, fresh=(change.target.removeprefix("staff:"), password))


@routes.get("/staff/{user_id}", needs=_MANAGE)
async def person(request: Request, user_id: str) -> Response:
    """One account."""
    return await _person(request, user_id)


@routes.post("/staff/{user_id}", needs=_MANAGE)
async def change(request: Request, user_id: str) -> Response:
    """Another name, unit or roles."""
    console, visit, form = console_of(request), visit_of(request), await request.form()

    async def do(connection: AsyncConnection) -> Change:
        return await accounts.change(
            connection,
            user_id,
            display_name=_text(form, "display_name"),
            unit=_text(form, "unit"),
            roles=_roles(form),
            by=visit.staff.name,
        )

    try:
        await act(console.store, visit.staff, _MANAGE, "account_changed", do)
    except ConsoleError as error:
        return await _person(request, user_id, error)
    return redirect("/staff", done="staff.done_changed")


@routes.post("/staff/{user_id}/disable", needs=_MANAGE)
async def disable(request: Request, user_id: str) -> Response:
    """Shut the account out, or let it in again."""
    console, visit, form = console_of(request), visit_of(request), await request.form()
    off = form.get("off") == "1"

    async def check(_connection: AsyncConnection) -> None:
        if user_id == visit.staff.id:
            raise Refused("staff.not_yourself")

    async def do(connection: AsyncConnection) -> Change:
        return await accounts.disable(connection, user_id, off=off)

    name = "account_disabled" if off else "account_enabled"
    try:
        await act(console.store, visit.staff, _MANAGE, name, do, check=check)
    except ConsoleError as error:
        return await _person(request, user_id, error)
    return redirect("/staff", done="staff.done_disabled" if off else "staff.done_enabled")


@routes.post("/staff/{user_id}/reset", needs=_MANAGE)
async def reset(request: Request, user_id: str) -> Response:
    """A new first password, shown once; one-time codes have to be set up again."""
    console, visit = console_of(request), visit_of(request)
    password = passwords.suggested()
    stored = await passwords.make(password)

    async def check(_connection: AsyncConnection) -> None:
        if user_id == visit.staff.id:
            raise Refused("staff.not_yourself")

    async def do(connection: AsyncConnection) -> Change:
        return await accounts.reset(connection, user_id, stored)

    try:
        done = await act(console.store, visit.staff, _MANAGE, "account_reset", do, check=check)
    except ConsoleError as error:
        return await _person(request, user_id, error)
    return await _people(request, fresh=(done.target.removeprefix("staff:"), password))


async def _people(
    request: Request,
    error: ConsoleError | None = None,
    form: FormData | None = None,
    fresh: tuple[str, str] | None = None,
) -> Response:
    async with console_of(request).store.read() as connection:
        found = await accounts.listed(connection)
    return render(
        request,
        "staff/list.html",
        status=error.status if error else 200,
        problem=problem_of(request, error) if error else None,
        accounts=found,
        roles=list(Role),
        form=form or {},
        chosen=form.getlist("role") if form else [],
        fresh=fresh,
    )


async def _person(request: Request, user_id: str, error: ConsoleError | None = None) -> Response:
    async with console_of(request).store.read() as connection:
        user = await accounts.get(connection, user_id)
        roles = await sessions.roles_of(connection, user_id)
    return render(
        request,
        "staff/person.html",
        status=error.status if error else 200,
        problem=problem_of(request, error) if error else None,
        user=user,
        chosen=roles,
        roles=list(Role),
    )


def _text(form: FormData, name: str) -> str:
    return str(form.get(name, ""))


def _roles(form: FormData) -> list[str]:
    return [str(role) for role in form.getlist("role")]
