"""Names of procedures: what citizens call them, taught to the finder at once."""

from __future__ import annotations

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from console.actions import Change, act
from console.answers import names
from console.answers.standing import waiting
from console.errors import ConsoleError
from console.numbers import number
from console.parts import console_of
from console.permissions import Permission
from console.rendering import problem_of, redirect, render
from console.routing import Routes
from console.visits import visit_of

routes = Routes()

_READ, _WRITE = Permission.ANSWERS_READ, Permission.ANSWERS_WRITE


@routes.get("/answers/names", needs=_READ)
async def procedures(request: Request) -> Response:
    """Procedures by their words; without any those that were taught last."""
    text = request.query_params.get("text", "")[:120]
    async with console_of(request).store.read() as connection:
        found = await names.search(connection, text)
        waits = await waiting(connection)
    return render(request, "answers/names.html", found=found, text=text, waiting=waits)


@routes.get("/answers/names/{code}", needs=_READ)
async def procedure(request: Request, code: str) -> Response:
    """The names of one procedure."""
    return await _procedure(request, code)


@routes.post("/answers/names/{code}", needs=_WRITE)
async def add(request: Request, code: str) -> Response:
    """Teach a name."""
    console, visit, form = console_of(request), visit_of(request), await request.form()
    await names.read_files()
    name, language = str(form.get("name", "")), str(form.get("language", ""))

    async def do(connection: AsyncConnection) -> Change:
        return await names.add(
            connection, visit.staff, code, language, name, anyway=form.get("anyway") == "1"
        )

    try:
        await act(console.store, visit.staff, _WRITE, "name_taught", do)
    except ConsoleError as error:
        return await _procedure(request, code, error, name, language)
    return redirect(f"/answers/names/{code}", done="answers.done_name")


@routes.post("/answers/names/{code}/remove", needs=_WRITE)
async def remove(request: Request, code: str) -> Response:
    """Take a name back."""
    console, visit, form = console_of(request), visit_of(request), await request.form()
    name_id = number(form.get("id"))

    async def do(connection: AsyncConnection) -> Change:
        return await names.remove(connection, code, name_id)

    await act(console.store, visit.staff, _WRITE, "name_taken_back", do)
    return redirect(f"/answers/names/{code}", done="answers.done_name_gone")


async def _procedure(
    request: Request, code: str, error: ConsoleError | None = None, name: str = "", language: str = ""
) -> Response:
    console = console_of(request)
    await names.read_files()
    async with console.store.read() as connection:
        found = await names.procedure(connection, code)
        taught = await names.taught(connection, code)
        waits = await waiting(connection)
    return render(
        request,
        "answers/procedure.html",
        status=error.status if error else 200,
        problem=problem_of(request, error) if error else None,
        procedure=found,
        taught=taught,
        shipped=names.shipped().get(code, {}),
        name=name,
        chosen=language or visit_of(request).language,
        elsewhere=error is not None and error.code == "answers.name_elsewhere",
        waiting=waits,
    )
