"""The page of one text, guide or office: what is live and proposed, the form, the preview, the history."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from console.answers import standing, things
from console.answers.diff import differences
from console.answers.four_eyes import others_who_approve
from console.answers.guides import MOST_STEPS
from console.answers.kinds import Content, Item, Kind
from console.answers.standing import Standing
from console.errors import ConsoleError, Missing
from console.numbers import number
from console.parts import Console, console_of
from console.permissions import Permission, Role
from console.rendering import problem_of, render
from console.routing import Routes
from console.visits import visit_of
from troly.answers.checks import Fault

routes = Routes()

_READ, _WRITE, _APPROVE = Permission.ANSWERS_READ, Permission.ANSWERS_WRITE, Permission.ANSWERS_APPROVE

_FIRST_STEPS = 3
"""Empty steps of a new guide, beside the one for adding."""


@dataclass(slots=True)
class Tried:
    """What somebody entered and how it stands, for the page that shows it again."""

    content: Content
    error: ConsoleError | None = None
    faults: tuple[Fault, ...] = ()
    note: str = ""


@routes.get("/answers/{path}/{key}", needs=_READ)
async def thing(request: Request, path: str, key: str) -> Response:
    """One text, guide or office."""
    return await show(request, *await things.find(console_of(request), path, key))


@routes.post("/answers/{path}/{key}/preview", needs=_WRITE)
async def preview(request: Request, path: str, key: str) -> Response:
    """What is in the form as citizens would read it: a part of the page, for its script."""
    console = console_of(request)
    kind, item = await things.find(console, path, key)
    content = kind.read(await request.form(), item)
    shown = await kind.shown(content, item, console)
    return render(request, "answers/preview.html", shown=shown, faults=kind.faults(content, item))


@routes.get("/answers/{path}/{key}/compare", needs=_READ)
async def compare(request: Request, path: str, key: str) -> Response:
    """Two versions word by word; without `old` what is live now, 0 is what is shipped."""
    console = console_of(request)
    kind, item = await things.find(console, path, key)
    async with console.store.read() as connection:
        at = await standing.standing(connection, kind.name, key)
        known = {row.id: row for row in await standing.history(connection, kind.name, key)}
    live = at.live.id if at.live else 0
    asked = request.query_params
    old, new = number(asked.get("old"), live), number(asked.get("new"), live)

    def content(version: int) -> Content:
        if version and version not in known:
            raise Missing("answers.no_version")
        return (known[version].content if version else None) or item.content

    return render(
        request,
        "answers/compare.html",
        kind=kind,
        item=item,
        old=old,
        new=new,
        live=live,
        known=known,
        changes=differences(kind.fields(content(old)), kind.fields(content(new))),
    )


async def show(
    request: Request,
    kind: Kind,
    item: Item,
    tried: Tried | None = None,
    error: ConsoleError | None = None,
) -> Response:
    """The page, with what somebody tried and why it could not be done."""
    console, visit = console_of(request), visit_of(request)
    async with console.store.read() as connection:
        at = await standing.standing(connection, kind.name, item.key)
        past = await standing.history(connection, kind.name, item.key)
        may = await _may_approve(connection, console, request, at)
        waits = await standing.waiting(connection)
    content = tried.content if tried else at.proposed(item)
    error = error or (tried.error if tried else None)
    return render(
        request,
        "answers/thing.html",
        status=error.status if error else 200,
        problem=problem_of(request, error) if error else None,
        canonical=visit.language,
        at=at,
        past=past,
        proposed=differences(kind.fields(at.content(item)), kind.fields(at.proposed(item))),
        theirs=differences(kind.fields(at.proposed(item)), kind.fields(content)) if error and tried else [],
        may_approve=may,
        waiting=waits,
        **await form_of(console, kind, item, content, tried),
    )


async def form_of(
    console: Console, kind: Kind, item: Item, content: Content, tried: Tried | None
) -> dict[str, Any]:
    """What the form and the preview need."""
    return {
        "kind": kind,
        "item": item,
        "content": content,
        "fields": kind.fields(content),
        "choices": await asyncio.to_thread(kind.choices, item),
        "faults": tried.faults if tried else (),
        "wrong": {fault.field for fault in tried.faults} if tried else set(),
        "note": tried.note if tried else "",
        "tried": tried,
        "shown": await kind.shown(content, item, console),
        "places": kind.places(item),
        "steps": min((len(content.get("steps", ())) or _FIRST_STEPS) + 1, MOST_STEPS + 1),
    }


async def _may_approve(connection: AsyncConnection, console: Console, request: Request, at: Standing) -> str:
    """ "yes"; "reason": one's own, but nobody else could; "own"; "no"."""
    visit = visit_of(request)
    if not at.draft or not visit.can(_APPROVE):
        return "no"
    if not console.settings.answers_four_eyes or at.draft.author != visit.staff.name:
        return "yes"
    alone = Role.ADMIN in visit.staff.roles and not await others_who_approve(connection, visit.staff)
    return "reason" if alone else "own"
