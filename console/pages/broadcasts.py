"""Broadcasts: whom one would reach, sent, stopped, gone on with."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from channels.broadcasting import audience, reserve
from channels.broadcasting.audience import REASONS, Reach
from console.actions import Change, act
from console.controls import broadcasts, switches
from console.controls.broadcasts import Wish
from console.conversations.filters import CHANNELS
from console.errors import ConsoleError, Invalid, Refused
from console.parts import console_of
from console.permissions import Permission
from console.rendering import problem_of, redirect, render
from console.routing import Routes
from console.visits import visit_of
from troly.clock import now

routes = Routes()

Id = Annotated[int, Path(ge=1, le=2**53)]

_READ, _WRITE = Permission.CONTROLS_READ, Permission.CONTROLS_WRITE


@routes.get("/controls/broadcasts", needs=_READ)
async def list_broadcasts(request: Request) -> Response:
    """Those before, and a form for another."""
    return await _page(request)


@routes.post("/controls/broadcasts/preview", needs=_WRITE)
async def preview(request: Request) -> Response:
    """How many it would reach, and why not the others; nothing is sent."""
    form = await request.form()
    try:
        wish = Wish.of(form)
    except Invalid as error:
        return await _page(request, error, form)
    console = console_of(request)
    async with console.store.read() as connection:
        reached = await audience.forecast(connection, console.settings, wish.channels, wish.days)
    return await _page(request, form=form, wish=wish, reached=reached)


@routes.post("/controls/broadcasts", needs=_WRITE)
async def begin(request: Request) -> Response:
    """Send it."""
    form, console, staff = await request.form(), console_of(request), visit_of(request).staff

    async def do(connection: AsyncConnection) -> Change:
        return await broadcasts.begin(connection, console.settings, Wish.of(form), staff.name)

    try:
        await act(console.store, staff, _WRITE, "broadcast_begun", do)
    except (Invalid, Refused) as error:
        return await _page(request, error, form)
    return redirect("/controls/broadcasts", done="controls.done_begun")


@routes.post("/controls/broadcasts/{broadcast_id}/stop", needs=_WRITE)
async def stop(request: Request, broadcast_id: Id) -> Response:
    """Nobody else is told."""
    console, staff = console_of(request), visit_of(request).staff

    async def do(connection: AsyncConnection) -> Change:
        return await broadcasts.stop(connection, broadcast_id)

    await act(console.store, staff, _WRITE, "broadcast_stopped", do)
    return redirect("/controls/broadcasts", done="controls.done_stopped")


@routes.post("/controls/broadcasts/{broadcast_id}/resume", needs=_WRITE)
async def resume(request: Request, broadcast_id: Id) -> Response:
    """Tell those whom the reserve left out."""
    console, staff = console_of(request), visit_of(request).staff

    async def do(connection: AsyncConnection) -> Change:
        return await broadcasts.resume(connection, console.settings, broadcast_id)

    try:
        await act(console.store, staff, _WRITE, "broadcast_resumed", do)
    except Refused as error:
        return await _page(request, error)
    return redirect("/controls/broadcasts", done="controls.done_resumed")


async def _page(
    request: Request,
    error: ConsoleError | None = None,
    form: Any = None,
    wish: Wish | None = None,
    reached: list[Reach] | None = None,
) -> Response:
    console = console_of(request)
    async with console.store.read() as connection:
        found = await broadcasts.of(connection)
        open_ones = await broadcasts.stopped_short(connection, console.settings, found)
    return render(
        request,
        "controls/broadcasts.html",
        status=error.status if error else 200,
        problem=problem_of(request, error) if error else None,
        broadcasts=found,
        left=open_ones,
        renewed=reserve.renewed(now()),
        given=form or {},
        chosen=form.getlist("channel") if form else list(CHANNELS),
        channels=CHANNELS,
        wish=wish,
        reached=reached or [],
        reasons=REASONS,
        longest=switches.MESSAGE,
        most_days=broadcasts.MOST_DAYS,
    )
