"""A new guide or office: from an empty form, or from a copy of another."""

from __future__ import annotations

from dataclasses import replace

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from console.actions import Change, act
from console.answers import keys, standing, things, versions
from console.answers.kinds import Kind
from console.errors import ConsoleError, Invalid
from console.pages.answers_thing import Tried, form_of
from console.parts import Console, console_of
from console.permissions import Permission
from console.rendering import problem_of, redirect, render
from console.routing import Routes
from console.visits import visit_of
from troly.answers.live import RETIRED

routes = Routes()

_WRITE = Permission.ANSWERS_WRITE


@routes.get("/answers/{path}/new", needs=_WRITE)
async def new(request: Request, path: str) -> Response:
    """The form: empty, or filled with `from`."""
    kind, console = things.growing(path), console_of(request)
    content = kind.read(kind.first, kind.blank("", console))
    if origin := request.query_params.get("from", ""):
        _, other = await things.find(console, path, origin)
        async with console.store.read() as connection:
            at = await standing.standing(connection, kind.name, origin)
        found = {name: value for name, value in at.content(other).items() if name != RETIRED}
        content = content | kind.copied(found)
    return await _form(request, kind, Tried(content))


@routes.post("/answers/{path}/new", needs=_WRITE)
async def add(request: Request, path: str) -> Response:
    """Save the first draft, or only show how it would look."""
    kind = things.growing(path)
    console, visit, form = console_of(request), visit_of(request), await request.form()
    item = kind.blank("", console)
    content = kind.read(form, item)
    key = str(form.get("key", "")).strip().lower() or await _proposed(console, kind, kind.titles(content)[0])
    faults = (*kind.faults(content, item), *keys.fault(key))
    tried = Tried(content, faults=faults, note=str(form.get("note", "")))
    if "preview" in form:
        return await _form(request, kind, tried, key)
    if faults:
        tried.error = Invalid("answers.faulty", n=len(faults))
        return await _form(request, kind, tried, key)
    shipped = await kind.items(console)

    async def do(connection: AsyncConnection) -> Change:
        return await versions.write(
            connection, visit.staff, kind.name, replace(item, key=key), content, seen=(0, 0), note=tried.note
        )

    async def check(connection: AsyncConnection) -> None:
        if await keys.taken(connection, kind.name, key, shipped):
            raise Invalid("answers.key_taken", taken=key)

    try:
        await act(console.store, visit.staff, _WRITE, "answer_added", do, check=check)
    except ConsoleError as error:
        tried.error = error
        return await _form(request, kind, tried, key)
    return redirect(f"/answers/{path}/{key}", done="answers.done_saved")


@routes.post("/answers/{path}/new/preview", needs=_WRITE)
async def preview(request: Request, path: str) -> Response:
    """What is in the form as citizens would read it, and the key it would get: for the page's script."""
    kind, console = things.growing(path), console_of(request)
    item = kind.blank("", console)
    content = kind.read(await request.form(), item)
    return render(
        request,
        "answers/preview.html",
        shown=await kind.shown(content, item, console),
        faults=kind.faults(content, item),
        proposed_key=await _proposed(console, kind, kind.titles(content)[0]),
    )


async def _proposed(console: Console, kind: Kind, title: str) -> str:
    shipped = await kind.items(console)
    async with console.store.read() as connection:
        return await keys.proposed(connection, kind.name, title, shipped, kind.name)


async def _form(request: Request, kind: Kind, tried: Tried, key: str = "") -> Response:
    console, error = console_of(request), tried.error
    async with console.store.read() as connection:
        waits = await standing.waiting(connection)
    return render(
        request,
        "answers/new.html",
        status=error.status if error else 200,
        problem=problem_of(request, error) if error else None,
        waiting=waits,
        key=key,
        longest=keys.LONGEST,
        origin=request.query_params.get("from", ""),
        **await form_of(console, kind, kind.blank("", console), tried.content, tried),
    )
