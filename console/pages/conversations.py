"""The list of conversations: filters, saved filters, export."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response, StreamingResponse

from console import texts
from console.actions import Change, act
from console.conversations import export, filters, saved, search
from console.conversations.filters import Filters
from console.errors import ConsoleError, Refused
from console.parts import console_of
from console.permissions import Permission
from console.rendering import problem_of, redirect, render
from console.routing import Routes
from console.visits import visit_of
from troly import masking
from troly.clock import today

routes = Routes()

_READ = Permission.CONVERSATIONS_READ


@routes.get("/conversations", needs=_READ)
async def conversations(request: Request) -> Response:
    """One page of the conversations that match."""
    try:
        chosen = Filters.read(request.query_params)
    except ConsoleError as error:
        return await _list(request, Filters(), error)
    return await _list(request, chosen)


@routes.post("/conversations/filters", needs=_READ)
async def save_filter(request: Request) -> Response:
    """Keep the present filters under a name."""
    console, staff, form = console_of(request), visit_of(request).staff, await request.form()
    chosen = Filters.read({name: str(value) for name, value in form.items()})

    async def do(connection: AsyncConnection) -> Change:
        return await saved.save(connection, staff, str(form.get("name", "")), chosen)

    try:
        await act(console.store, staff, _READ, "filter_saved", do)
    except ConsoleError as error:
        return await _list(request, chosen, error)
    return redirect("/conversations", done="conversations.done_saved", **chosen.set)


@routes.post("/conversations/filters/{filter_id}/remove", needs=_READ)
async def remove_filter(request: Request, filter_id: int) -> Response:
    """Forget saved filters."""
    console, staff = console_of(request), visit_of(request).staff

    async def do(connection: AsyncConnection) -> Change:
        return await saved.remove(connection, staff, filter_id)

    await act(console.store, staff, _READ, "filter_removed", do)
    return redirect("/conversations", done="conversations.done_removed")


@routes.post("/conversations/export", needs=Permission.CONVERSATIONS_EXPORT)
async def take_out(request: Request) -> Response:
    """The turns that match as a file, masked; who took out what is written down first."""
    console, visit, form = console_of(request), visit_of(request), await request.form()
    chosen = Filters.read({name: str(value) for name, value in form.items()})
    kind = "jsonl" if form.get("format") == "jsonl" else "csv"

    async def do(connection: AsyncConnection) -> Change:
        turns = await export.count(connection, chosen)
        if turns > export.MOST:
            raise Refused("conversations.export_many", most=export.MOST)
        # What was searched for may be a citizen's word.
        told = replace(chosen, text=masking.mask(chosen.text)).set
        return Change("conversations:export", None, {"format": kind, "turns": turns, "filters": told})

    try:
        await act(console.store, visit.staff, Permission.CONVERSATIONS_EXPORT, "conversations_exported", do)
    except ConsoleError as error:
        return await _list(request, chosen, error)
    say = partial(texts.say, visit.language)
    make = export.as_lines if kind == "jsonl" else export.as_csv
    content = make(
        console.store,
        chosen,
        lambda text: masking.mask(text, lambda what: say(f"masking.{what}")),
        lambda text: masking.mask_ours(text, lambda what: say(f"masking.{what}")),
    )
    name = f"troly-{today():%Y%m%d-%H%M}.{kind}"
    return StreamingResponse(
        content,
        media_type="application/x-ndjson" if kind == "jsonl" else "text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


async def _list(request: Request, chosen: Filters, error: ConsoleError | None = None) -> Response:
    console, visit = console_of(request), visit_of(request)
    before = request.query_params.get("before", "")
    cursor = int(before[:18]) if before.isascii() and before.isdigit() else None
    async with console.store.read() as connection:
        page = await search.find(connection, chosen, cursor)
        offered = await search.choices(connection)
        kept = await saved.listed(connection, visit.staff)
    return render(
        request,
        "conversations/list.html",
        status=error.status if error else 200,
        problem=problem_of(request, error) if error else None,
        page=page,
        first=cursor is None,
        filters=chosen,
        offered=offered,
        kept=kept,
        options=filters,
    )
