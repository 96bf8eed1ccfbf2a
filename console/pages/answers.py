"""Answers: texts, guides and offices, found, changed, previewed, approved and restored."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.datastructures import FormData
from starlette.responses import Response

from console.actions import Change, act
from console.answers import listing, versions
from console.answers.diff import differences
from console.answers.four_eyes import others_who_approve
from console.answers.guides import MOST_STEPS, Guides
from console.answers.kinds import Content, Item, Kind
from console.answers.offices import Offices
from console.answers.texts import AREAS, Texts, places_of
from console.answers.versions import Standing
from console.errors import ConsoleError, Invalid, Missing
from console.parts import Console, console_of
from console.permissions import Permission, Role
from console.rendering import problem_of, redirect, render
from console.routing import Routes
from console.visits import visit_of
from troly.answers.checks import Fault

routes = Routes()

_READ, _WRITE, _APPROVE = Permission.ANSWERS_READ, Permission.ANSWERS_WRITE, Permission.ANSWERS_APPROVE

KINDS: dict[str, Kind] = {kind.path: kind for kind in (Texts(), Guides(), Offices())}
OF_NAME = {kind.name: kind for kind in KINDS.values()}


@dataclass(slots=True)
class Tried:
    """What somebody entered and how it stands, for the page that shows it again."""

    content: Content
    error: ConsoleError | None = None
    faults: tuple[Fault, ...] = ()
    note: str = ""


@routes.get("/answers", needs=_READ)
async def texts(request: Request) -> Response:
    """The response texts."""
    return await _list(request, KINDS["texts"])


@routes.get("/answers/guides", needs=_READ)
async def guides(request: Request) -> Response:
    """The guides."""
    return await _list(request, KINDS["guides"])


@routes.get("/answers/offices", needs=_READ)
async def offices(request: Request) -> Response:
    """The offices."""
    return await _list(request, KINDS["offices"])


@routes.get("/answers/waiting", needs=_READ)
async def waiting(request: Request) -> Response:
    """What waits for approval."""
    console = console_of(request)
    async with console.store.read() as connection:
        open_drafts = await versions.drafts(connection)
    rows = []
    for draft in open_drafts:
        kind = OF_NAME[draft.kind]
        item = (await kind.items(console)).get(draft.key)
        title = kind.titles(draft.content or (item.content if item else {}))[0]
        rows.append((draft, kind.path, title))
    return render(request, "answers/waiting.html", rows=rows, waiting=len(rows))


@routes.get("/answers/{path}/{key}", needs=_READ)
async def thing(request: Request, path: str, key: str) -> Response:
    """One text, guide or office: what is live, what is proposed, the form, the preview, the history."""
    kind, item = await _find(request, path, key)
    return await _thing(request, kind, item)


@routes.post("/answers/{path}/{key}", needs=_WRITE)
async def save(request: Request, path: str, key: str) -> Response:
    """Save a draft, or only show how it would look."""
    kind, item = await _find(request, path, key)
    console, visit, form = console_of(request), visit_of(request), await request.form()
    content = kind.read(form, item)
    tried = Tried(content, faults=tuple(kind.faults(content, item)), note=str(form.get("note", "")))
    if "preview" in form:
        return await _thing(request, kind, item, tried)
    if tried.faults:
        tried.error = Invalid("answers.faulty", n=len(tried.faults))
        return await _thing(request, kind, item, tried)

    async def do(connection: AsyncConnection) -> Change:
        return await versions.write(
            connection, visit.staff, kind.name, item, content, seen=_seen(form), note=tried.note
        )

    try:
        await act(console.store, visit.staff, _WRITE, "answer_drafted", do)
    except ConsoleError as error:
        tried.error = error
        return await _thing(request, kind, item, tried)
    return redirect(_address(kind, item), done="answers.done_saved")


@routes.post("/answers/{path}/{key}/preview", needs=_WRITE)
async def preview(request: Request, path: str, key: str) -> Response:
    """What is in the form as citizens would read it: a part of the page, for its script."""
    kind, item = await _find(request, path, key)
    content = kind.read(await request.form(), item)
    shown = await kind.shown(content, item, console_of(request))
    return render(request, "answers/preview.html", shown=shown, faults=kind.faults(content, item))


@routes.get("/answers/{path}/{key}/compare", needs=_READ)
async def compare(request: Request, path: str, key: str) -> Response:
    """Two versions word by word; without `old` what is live now, 0 is what is shipped."""
    kind, item = await _find(request, path, key)
    async with console_of(request).store.read() as connection:
        at = await versions.standing(connection, kind.name, key)
        known = {row.id: row for row in await versions.history(connection, kind.name, key)}
    live = at.live.id if at.live else 0
    old, new = _number(request.query_params.get("old"), live), _number(request.query_params.get("new"), live)

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


@routes.post("/answers/{path}/{key}/approve", needs=_APPROVE)
async def approve(request: Request, path: str, key: str) -> Response:
    """Make a draft live."""
    kind, item = await _find(request, path, key)
    console, visit, form = console_of(request), visit_of(request), await request.form()

    async def do(connection: AsyncConnection) -> Change:
        return await versions.approve(
            connection,
            visit.staff,
            kind.name,
            item,
            _number(form.get("version")),
            faults=lambda content: kind.faults(content, item),
            four_eyes=console.settings.answers_four_eyes,
            reason=str(form.get("reason", "")),
        )

    return await _done(request, kind, item, _APPROVE, "answer_approved", do, done="answers.done_live")


@routes.post("/answers/{path}/{key}/refuse", needs=_APPROVE)
async def refuse(request: Request, path: str, key: str) -> Response:
    """Send a draft back."""
    kind, item = await _find(request, path, key)
    visit, form = visit_of(request), await request.form()

    async def do(connection: AsyncConnection) -> Change:
        return await versions.refuse(
            connection, visit.staff, kind.name, key, _number(form.get("version")), str(form.get("reason", ""))
        )

    return await _done(request, kind, item, _APPROVE, "answer_refused", do, done="answers.done_refused")


@routes.post("/answers/{path}/{key}/withdraw", needs=_WRITE)
async def withdraw(request: Request, path: str, key: str) -> Response:
    """Take back one's own draft."""
    kind, item = await _find(request, path, key)
    visit, form = visit_of(request), await request.form()

    async def do(connection: AsyncConnection) -> Change:
        return await versions.withdraw(connection, visit.staff, kind.name, key, _number(form.get("version")))

    return await _done(request, kind, item, _WRITE, "answer_withdrawn", do, done="answers.done_withdrawn")


@routes.post("/answers/{path}/{key}/draft", needs=_WRITE)
async def restore_as_draft(request: Request, path: str, key: str) -> Response:
    """Propose an earlier version (0: as shipped) again."""
    kind, item = await _find(request, path, key)
    visit, form = visit_of(request), await request.form()
    version = _number(form.get("version"))

    async def do(connection: AsyncConnection) -> Change:
        content = None
        if version:
            content = (await versions.version_of(connection, kind.name, key, version)).content
        return await versions.write(
            connection, visit.staff, kind.name, item, content, seen=_seen(form), restores=version or None
        )

    return await _done(request, kind, item, _WRITE, "answer_drafted", do, done="answers.done_saved")


@routes.post("/answers/{path}/{key}/restore", needs=_APPROVE)
async def restore(request: Request, path: str, key: str) -> Response:
    """Make an earlier version (0: as shipped) live again at once."""
    kind, item = await _find(request, path, key)
    visit, form = visit_of(request), await request.form()

    async def do(connection: AsyncConnection) -> Change:
        return await versions.restore(
            connection,
            visit.staff,
            kind.name,
            item,
            _number(form.get("version")),
            lambda content: kind.faults(content, item),
        )

    return await _done(request, kind, item, _APPROVE, "answer_restored", do, done="answers.done_restored")


async def _done(
    request: Request,
    kind: Kind,
    item: Item,
    permission: Permission,
    action: str,
    do: Callable[[AsyncConnection], Awaitable[Change]],
    *,
    done: str,
) -> Response:
    """Act; then the page again, with what was done or why not."""
    try:
        await act(console_of(request).store, visit_of(request).staff, permission, action, do)
    except ConsoleError as error:
        return await _thing(request, kind, item, error=error)
    return redirect(_address(kind, item), done=done)


async def _list(request: Request, kind: Kind) -> Response:
    console = console_of(request)
    asked = request.query_params
    chosen = listing.Filters(asked.get("text", "")[:120], asked.get("area", ""), asked.get("show", ""))
    items = await kind.items(console)
    async with console.store.read() as connection:
        page = await listing.find(connection, kind, items, chosen, _number(asked.get("from")))
        waits = len(await versions.drafts(connection))
    areas = [area for area in AREAS if kind.path == "texts"]
    return render(
        request, "answers/list.html", kind=kind, page=page, filters=chosen, areas=areas, waiting=waits
    )


async def _find(request: Request, path: str, key: str) -> tuple[Kind, Item]:
    kind = KINDS.get(path)
    item = (await kind.items(console_of(request))).get(key) if kind else None
    if kind is None or item is None:
        raise Missing("answers.no_thing")
    return kind, item


async def _thing(
    request: Request,
    kind: Kind,
    item: Item,
    tried: Tried | None = None,
    error: ConsoleError | None = None,
) -> Response:
    console, visit = console_of(request), visit_of(request)
    async with console.store.read() as connection:
        at = await versions.standing(connection, kind.name, item.key)
        past = await versions.history(connection, kind.name, item.key)
        may = await _may_approve(connection, console, request, at)
        waits = len(await versions.drafts(connection))
    content = tried.content if tried else at.proposed(item)
    error = error or (tried.error if tried else None)
    values: dict[str, Any] = {
        "kind": kind,
        "item": item,
        "at": at,
        "past": past,
        "content": content,
        "fields": kind.fields(content),
        "faults": tried.faults if tried else (),
        "wrong": {fault.field for fault in tried.faults} if tried else set(),
        "note": tried.note if tried else "",
        "tried": tried,
        "shown": await kind.shown(content, item, console),
        "proposed": differences(kind.fields(at.content(item)), kind.fields(at.proposed(item))),
        "theirs": differences(kind.fields(at.proposed(item)), kind.fields(content))
        if error and tried
        else [],
        "places": places_of(item) if kind.path == "texts" else [],
        "steps": min(len(content.get("steps", ())) + 1, MOST_STEPS + 1),
        "may_approve": may,
        "waiting": waits,
    }
    return render(
        request,
        "answers/thing.html",
        status=error.status if error else 200,
        problem=problem_of(request, error) if error else None,
        canonical=visit.language,
        **values,
    )


async def _may_approve(connection: AsyncConnection, console: Console, request: Request, at: Standing) -> str:
    """ "yes"; "reason": one's own, but nobody else could; "own"; "no"."""
    visit = visit_of(request)
    if not at.draft or not visit.can(_APPROVE):
        return "no"
    if not console.settings.answers_four_eyes or at.draft.author != visit.staff.name:
        return "yes"
    alone = Role.ADMIN in visit.staff.roles and not await others_who_approve(connection, visit.staff)
    return "reason" if alone else "own"


def _seen(form: FormData) -> tuple[int, int]:
    return _number(form.get("release")), _number(form.get("draft"))


def _number(text: object, otherwise: int = 0) -> int:
    word = str(text or "")
    return int(word) if word.isascii() and word.isdigit() and len(word) < 18 else otherwise


def _address(kind: Kind, item: Item) -> str:
    return f"/answers/{kind.path}/{item.key}"
