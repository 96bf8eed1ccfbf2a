"""Canned answers: an official's own and everyone's."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from console.actions import Change, act
from console.errors import ConsoleError, Invalid
from console.handover import canned
from console.handover.canned import Given
from console.parts import console_of
from console.permissions import Permission
from console.rendering import problem_of, redirect, render
from console.routing import Routes
from console.visits import visit_of

routes = Routes()

Id = Annotated[int, Path(ge=1, le=2**53)]

_TAKE = Permission.HANDOVER_TAKE


@routes.get("/handover/canned", needs=_TAKE)
async def list_canned(request: Request) -> Response:
    """My canned answers and everyone's."""
    return await _canned(request)


@routes.post("/handover/canned", needs=_TAKE)
async def add_canned(request: Request) -> Response:
    """A new one."""
    form, staff = await request.form(), visit_of(request).staff
    try:
        given = Given.of(form)

        async def do(connection: AsyncConnection) -> Change:
            return await canned.add(connection, given, staff.name)

        await act(console_of(request).store, staff, _TAKE, "canned_added", do)
    except Invalid as error:
        return await _canned(request, error, form)
    return redirect("/handover/canned", done="handover.done_canned")


@routes.post("/handover/canned/{canned_id}", needs=_TAKE)
async def change_canned(request: Request, canned_id: Id) -> Response:
    """Another wording."""
    form, staff = await request.form(), visit_of(request).staff
    try:
        given = Given.of(form)

        async def do(connection: AsyncConnection) -> Change:
            return await canned.change(connection, canned_id, given, staff.name)

        await act(console_of(request).store, staff, _TAKE, "canned_changed", do)
    except Invalid as error:
        return await _canned(request, error, form)
    return redirect("/handover/canned", done="handover.done_canned")


@routes.post("/handover/canned/{canned_id}/remove", needs=_TAKE)
async def remove_canned(request: Request, canned_id: Id) -> Response:
    """Not needed any more."""
    staff = visit_of(request).staff

    async def do(connection: AsyncConnection) -> Change:
        return await canned.remove(connection, canned_id, staff.name)

    await act(console_of(request).store, staff, _TAKE, "canned_removed", do)
    return redirect("/handover/canned", done="handover.done_canned")


async def _canned(request: Request, error: ConsoleError | None = None, form: Any = None) -> Response:
    async with console_of(request).store.read() as connection:
        answers = await canned.of(connection, visit_of(request).staff.name)
    return render(
        request,
        "handover/canned.html",
        status=error.status if error else 200,
        problem=problem_of(request, error) if error else None,
        answers=answers,
        places=canned.PLACES,
        given=form or {},
    )
