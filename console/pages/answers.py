"""Answers: the lists of texts, guides and offices, and what waits for approval."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from console.answers import listing, standing, things
from console.answers.kinds import Kind
from console.numbers import number
from console.parts import console_of
from console.permissions import Permission
from console.rendering import render
from console.routing import Routes
from troly.answers.live import retired

routes = Routes()

_READ = Permission.ANSWERS_READ


@routes.get("/answers", needs=_READ)
async def texts(request: Request) -> Response:
    """The response texts."""
    return await _list(request, things.KINDS["texts"])


@routes.get("/answers/notices", needs=_READ)
async def gateway_texts(request: Request) -> Response:
    """What the gateway says by itself."""
    return await _list(request, things.KINDS["notices"])


@routes.get("/answers/guides", needs=_READ)
async def guides(request: Request) -> Response:
    """The guides."""
    return await _list(request, things.KINDS["guides"])


@routes.get("/answers/offices", needs=_READ)
async def offices(request: Request) -> Response:
    """The offices."""
    return await _list(request, things.KINDS["offices"])


@routes.get("/answers/waiting", needs=_READ)
async def waiting(request: Request) -> Response:
    """What waits for approval."""
    console = console_of(request)
    async with console.store.read() as connection:
        open_drafts = await standing.drafts(connection)
    items = {name: await things.OF_NAME[name].items(console) for name in {one.kind for one in open_drafts}}
    rows = []
    for draft in open_drafts:
        kind, item = things.OF_NAME[draft.kind], items[draft.kind].get(draft.key)
        title = kind.titles(draft.content or (item.content if item else {}))[0]
        what = "retired" if retired(draft.content) else "" if item or draft.base else "new"
        rows.append((draft, kind.path, title, what))
    return render(request, "answers/waiting.html", rows=rows, waiting=len(rows))


async def _list(request: Request, kind: Kind) -> Response:
    console = console_of(request)
    asked = request.query_params
    chosen = listing.Filters(asked.get("text", "")[:120], asked.get("area", ""), asked.get("show", ""))
    items = await things.all_of(console, kind)
    async with console.store.read() as connection:
        page = await listing.find(connection, kind, items, chosen, number(asked.get("from")))
        waits = await standing.waiting(connection)
    shows = [show for show in listing.SHOWS if kind.grows or show not in listing.GROWN]
    return render(
        request, "answers/list.html", kind=kind, page=page, filters=chosen, shows=shows, waiting=waits
    )
