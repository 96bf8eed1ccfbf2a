"""Training: the versions, the runs, what a candidate changes."""

from __future__ import annotations

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import JSONResponse, Response

from console.actions import Change, act
from console.errors import ConsoleError
from console.parts import console_of
from console.permissions import Permission
from console.rendering import problem_of, redirect, render
from console.routing import Routes
from console.texts import say
from console.training import acting, reading
from console.visits import visit_of
from troly import training

routes = Routes()


@routes.get("/training", needs=Permission.TRAINING_READ)
async def overview(request: Request) -> Response:
    """Which model answers, what could be trained with, and what was."""
    return await _overview(request)


@routes.post("/training/runs", needs=Permission.TRAINING_RUN)
async def ask(request: Request) -> Response:
    """Train with what is accepted now."""
    console, visit, form = console_of(request), visit_of(request), await request.form()

    async def do(connection: AsyncConnection) -> Change:
        return await acting.ask(connection, visit.staff.name, str(form.get("note", "")))

    try:
        change = await act(console.store, visit.staff, Permission.TRAINING_RUN, "training_asked", do)
    except ConsoleError as error:
        return await _overview(request, error)
    return redirect(f"/training/runs/{change.result}", done="training.done_asked")


@routes.get("/training/runs/{run_id}", needs=Permission.TRAINING_READ)
async def run(request: Request, run_id: int) -> Response:
    """One run: how far it is, or what it found."""
    return await _run(request, run_id)


@routes.get("/training/runs/{run_id}/progress", needs=Permission.TRAINING_READ)
async def progress(request: Request, run_id: int) -> Response:
    """The same in figures, for the script."""
    async with console_of(request).store.read() as connection:
        row = await reading.run(connection, run_id)
    language = visit_of(request).language
    return JSONResponse(
        {
            "state": row.state,
            "progress": row.progress,
            "stage": say(language, f"training.stage_{row.stage}"),
            "stopping": row.cancel_asked,
        },
        headers={"Cache-Control": "no-store"},
    )


@routes.post("/training/runs/{run_id}/cancel", needs=Permission.TRAINING_RUN)
async def cancel(request: Request, run_id: int) -> Response:
    """Stop it."""
    console, visit = console_of(request), visit_of(request)

    async def do(connection: AsyncConnection) -> Change:
        return await acting.cancel(connection, run_id)

    try:
        await act(console.store, visit.staff, Permission.TRAINING_RUN, "training_stopped", do)
    except ConsoleError as error:
        return await _run(request, run_id, error)
    return redirect(f"/training/runs/{run_id}", done="training.done_stopped")


@routes.post("/training/versions/{name}/activate", needs=Permission.TRAINING_ACTIVATE)
async def activate(request: Request, name: str) -> Response:
    """Have this version answer from now on."""
    console, visit, form = console_of(request), visit_of(request), await request.form()

    async def do(connection: AsyncConnection) -> Change:
        return await acting.activate(connection, name, visit.staff, str(form.get("reason", "")))

    try:
        await act(console.store, visit.staff, Permission.TRAINING_ACTIVATE, "model_activated", do)
    except ConsoleError as error:
        asked = str(form.get("run", ""))
        if asked.isdecimal():
            return await _run(request, int(asked), error)
        return await _overview(request, error)
    return redirect("/training", done="training.done_activated")


@routes.post("/training/back", needs=Permission.TRAINING_ACTIVATE)
async def back(request: Request) -> Response:
    """Have the version before answer again."""
    console, visit, form = console_of(request), visit_of(request), await request.form()

    async def do(connection: AsyncConnection) -> Change:
        return await acting.back(connection, visit.staff, str(form.get("version", "")))

    try:
        await act(console.store, visit.staff, Permission.TRAINING_ACTIVATE, "model_rolled_back", do)
    except ConsoleError as error:
        return await _overview(request, error)
    return redirect("/training", done="training.done_back")


@routes.post("/training/plan", needs=Permission.TRAINING_RUN)
async def plan(request: Request) -> Response:
    """When training begins by itself, and how many versions are kept."""
    console, visit, form = console_of(request), visit_of(request), await request.form()
    hour, least, keep = (str(form.get(name, "")).strip() for name in ("hour", "least", "keep"))

    async def do(connection: AsyncConnection) -> Change:
        return await acting.plan(connection, hour, least, keep)

    try:
        await act(console.store, visit.staff, Permission.TRAINING_RUN, "training_planned", do)
    except ConsoleError as error:
        return await _overview(request, error)
    return redirect("/training", done="training.done_planned")


async def _overview(request: Request, error: ConsoleError | None = None) -> Response:
    async with console_of(request).store.read() as connection:
        found = await reading.overview(connection)
    return render(
        request,
        "training/overview.html",
        status=error.status if error else 200,
        problem=problem_of(request, error) if error else None,
        seen=found,
        interval=reading.interval,
    )


async def _run(request: Request, run_id: int, error: ConsoleError | None = None) -> Response:
    async with console_of(request).store.read() as connection:
        row = await reading.run(connection, run_id)
        words = await reading.messages(connection, row.result)
        version = await training.version(connection, row.version)
        active = await training.active(connection)
        against = await acting.doubts(connection, version, active) if version else []
    return render(
        request,
        "training/run.html",
        status=error.status if error else 200,
        problem=problem_of(request, error) if error else None,
        run=row,
        version=version,
        is_active=active is not None and version is not None and active.version == version.name,
        against=against,
        words=words,
        matrix=reading.matrix,
        slug=reading.slug,
        interval=reading.interval,
    )
