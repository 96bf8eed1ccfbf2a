"""Controls: the assistant off and on, an incident, thresholds, retention."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from console.actions import Change, act
from console.controls import switches
from console.conversations.filters import CHANNELS
from console.errors import ConsoleError, Invalid
from console.parts import console_of
from console.permissions import Permission
from console.rendering import problem_of, redirect, render
from console.routing import Routes
from console.visits import visit_of
from troly.tables.controls import BANNER, EVERYWHERE, LIMITS, OFF, RETENTION, THRESHOLDS

routes = Routes()

_READ, _WRITE = Permission.CONTROLS_READ, Permission.CONTROLS_WRITE


@routes.get("/controls", needs=_READ)
async def controls(request: Request) -> Response:
    """Everything that is switched, and by whom."""
    return await _page(request)


@routes.post("/controls/off", needs=_WRITE)
async def turn_off(request: Request) -> Response:
    """Switch the assistant off, on one channel or on all."""
    form, by = await request.form(), visit_of(request).staff.name

    async def do(connection: AsyncConnection) -> Change:
        return await switches.turn_off(connection, switches.scope_of(form), switches.words_of(form), by)

    return await _done(request, "assistant_off", do, form)


@routes.post("/controls/on", needs=_WRITE)
async def turn_on(request: Request) -> Response:
    """Switch it on again."""
    form = await request.form()

    async def do(connection: AsyncConnection) -> Change:
        return await switches.turn_on(connection, switches.scope_of(form))

    return await _done(request, "assistant_on", do, form)


@routes.post("/controls/banner", needs=_WRITE)
async def announce(request: Request) -> Response:
    """Tell of an incident."""
    form, by = await request.form(), visit_of(request).staff.name

    async def do(connection: AsyncConnection) -> Change:
        return await switches.announce(connection, switches.words_of(form), by)

    return await _done(request, "banner_set", do, form)


@routes.post("/controls/banner/clear", needs=_WRITE)
async def unannounce(request: Request) -> Response:
    """It is over."""
    return await _done(request, "banner_cleared", switches.unannounce)


@routes.post("/controls/thresholds", needs=_WRITE)
async def set_thresholds(request: Request) -> Response:
    """From which certainty the assistant answers."""
    form, by = await request.form(), visit_of(request).staff.name

    async def do(connection: AsyncConnection) -> Change:
        return await switches.set_thresholds(connection, form, by)

    return await _done(request, "thresholds_set", do, form)


@routes.post("/controls/thresholds/reset", needs=_WRITE)
async def reset_thresholds(request: Request) -> Response:
    """As they were measured."""
    return await _done(request, "thresholds_reset", switches.reset_thresholds)


@routes.post("/controls/retention", needs=_WRITE)
async def set_retention(request: Request) -> Response:
    """How long conversations are kept."""
    form, by = await request.form(), visit_of(request).staff.name

    async def do(connection: AsyncConnection) -> Change:
        return await switches.set_retention(connection, form, by)

    return await _done(request, "retention_set", do, form)


@routes.post("/controls/retention/reset", needs=_WRITE)
async def reset_retention(request: Request) -> Response:
    """As the settings say."""
    return await _done(request, "retention_reset", switches.reset_retention)


async def _done(
    request: Request, name: str, do: Callable[[AsyncConnection], Awaitable[Change]], form: Any = None
) -> Response:
    console, staff = console_of(request), visit_of(request).staff
    try:
        await act(console.store, staff, _WRITE, name, do)
    except Invalid as error:
        return await _page(request, error, form)
    return redirect("/controls", done="controls.done_set")


async def _page(request: Request, error: ConsoleError | None = None, form: Any = None) -> Response:
    console = console_of(request)
    async with console.store.read() as connection:
        found = await switches.read(connection)
        plain, with_report = await switches.kept_for(connection, console.settings)
    thresholds = found.get(THRESHOLDS)
    return render(
        request,
        "controls/index.html",
        status=error.status if error else 200,
        problem=problem_of(request, error) if error else None,
        off={name.removeprefix(OFF): row for name, row in found.items() if name.startswith(OFF)},
        banner=found.get(BANNER),
        thresholds=thresholds,
        limits={
            name: (limit, (thresholds.value if thresholds else {}).get(name, limit.usual))
            for name, limit in LIMITS.items()
        },
        retention=found.get(RETENTION),
        plain=plain,
        with_report=with_report,
        scopes=(EVERYWHERE, *CHANNELS),
        given=form or {},
        longest=switches.MESSAGE,
    )
