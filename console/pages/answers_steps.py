"""The steps of a draft: saved, approved, refused, withdrawn; what was before, restored; taken off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.datastructures import FormData
from starlette.responses import Response

from console.actions import Change, act
from console.answers import things, versions
from console.answers.kinds import Content, Item, Kind
from console.answers.standing import version_of
from console.errors import ConsoleError, Invalid
from console.numbers import number
from console.pages.answers_thing import Tried, show
from console.parts import console_of
from console.permissions import Permission
from console.rendering import redirect
from console.routing import Routes
from console.visits import Staff, visit_of
from troly.answers.checks import Fault

routes = Routes()

_WRITE, _APPROVE = Permission.ANSWERS_WRITE, Permission.ANSWERS_APPROVE


@routes.post("/answers/{path}/{key}", needs=_WRITE)
async def save(request: Request, path: str, key: str) -> Response:
    """Save a draft, or only show how it would look."""
    console, visit, form = console_of(request), visit_of(request), await request.form()
    kind, item = await things.find(console, path, key)
    content = kind.read(form, item)
    tried = Tried(content, faults=tuple(kind.faults(content, item)), note=str(form.get("note", "")))
    if "preview" in form:
        return await show(request, kind, item, tried)
    if tried.faults:
        tried.error = Invalid("answers.faulty", n=len(tried.faults))
        return await show(request, kind, item, tried)

    async def do(connection: AsyncConnection) -> Change:
        return await versions.write(
            connection, visit.staff, kind.name, item, content, seen=_seen(form), note=tried.note
        )

    try:
        await act(console.store, visit.staff, _WRITE, "answer_drafted", do)
    except ConsoleError as error:
        tried.error = error
        return await show(request, kind, item, tried)
    return redirect(f"/answers/{path}/{key}", done="answers.done_saved")


@routes.post("/answers/{path}/{key}/approve", needs=_APPROVE)
async def approve(request: Request, path: str, key: str) -> Response:
    """Make a draft live."""

    async def do(connection: AsyncConnection, asked: _Asked) -> Change:
        return await versions.approve(
            connection,
            asked.staff,
            asked.kind.name,
            asked.item,
            asked.version,
            faults=asked.faults,
            four_eyes=console_of(request).settings.answers_four_eyes,
            reason=asked.reason,
        )

    return await _done(request, path, key, _APPROVE, "answer_approved", do, done="answers.done_live")


@routes.post("/answers/{path}/{key}/refuse", needs=_APPROVE)
async def refuse(request: Request, path: str, key: str) -> Response:
    """Send a draft back."""

    async def do(connection: AsyncConnection, asked: _Asked) -> Change:
        return await versions.refuse(
            connection, asked.staff, asked.kind.name, key, asked.version, asked.reason
        )

    return await _done(request, path, key, _APPROVE, "answer_refused", do, done="answers.done_refused")


@routes.post("/answers/{path}/{key}/withdraw", needs=_WRITE)
async def withdraw(request: Request, path: str, key: str) -> Response:
    """Take back one's own draft."""

    async def do(connection: AsyncConnection, asked: _Asked) -> Change:
        return await versions.withdraw(connection, asked.staff, asked.kind.name, key, asked.version)

    return await _done(request, path, key, _WRITE, "answer_withdrawn", do, done="answers.done_withdrawn")


@routes.post("/answers/{path}/{key}/draft", needs=_WRITE)
async def restore_as_draft(request: Request, path: str, key: str) -> Response:
    """Propose an earlier version (0: as shipped) again."""

    async def do(connection: AsyncConnection, asked: _Asked) -> Change:
        content = None
        if asked.version:
            content = (await version_of(connection, asked.kind.name, key, asked.version)).content
        return await versions.write(
            connection,
            asked.staff,
            asked.kind.name,
            asked.item,
            content,
            seen=_seen(asked.form),
            restores=asked.version or None,
        )

    return await _done(request, path, key, _WRITE, "answer_drafted", do, done="answers.done_saved")


@routes.post("/answers/{path}/{key}/restore", needs=_APPROVE)
async def restore(request: Request, path: str, key: str) -> Response:
    """Make an earlier version (0: as shipped) live again at once."""

    async def do(connection: AsyncConnection, asked: _Asked) -> Change:
        return await versions.restore(
            connection, asked.staff, asked.kind.name, asked.item, asked.version, asked.faults
        )

    return await _done(request, path, key, _APPROVE, "answer_restored", do, done="answers.done_restored")


@routes.post("/answers/{path}/{key}/retire", needs=_WRITE)
async def retire(request: Request, path: str, key: str) -> Response:
    """Propose to take a guide or an office off."""
    return await _turn(request, path, key, versions.retire)


@routes.post("/answers/{path}/{key}/bring-back", needs=_WRITE)
async def bring_back(request: Request, path: str, key: str) -> Response:
    """Propose to offer again what was taken off."""
    return await _turn(request, path, key, versions.bring_back)


async def _turn(request: Request, path: str, key: str, turn: versions.Turn) -> Response:
    things.growing(path)

    async def do(connection: AsyncConnection, asked: _Asked) -> Change:
        note = str(asked.form.get("note", ""))
        return await turn(
            connection, asked.staff, asked.kind.name, asked.item, seen=_seen(asked.form), note=note
        )

    return await _done(request, path, key, _WRITE, "answer_drafted", do, done="answers.done_saved")


@dataclass(frozen=True, slots=True)
class _Asked:
    """Of which thing a step is asked, by whom, with which form."""

    kind: Kind
    item: Item
    staff: Staff
    form: FormData

    @property
    def version(self) -> int:
        return number(self.form.get("version"))

    @property
    def reason(self) -> str:
        return str(self.form.get("reason", ""))

    def faults(self, content: Content) -> list[Fault]:
        return self.kind.faults(content, self.item)


async def _done(
    request: Request,
    path: str,
    key: str,
    permission: Permission,
    action: str,
    do: Callable[[AsyncConnection, _Asked], Awaitable[Change]],
    *,
    done: str,
) -> Response:
    """Act; then the page again, with what was done or why not."""
    console, visit = console_of(request), visit_of(request)
    kind, item = await things.find(console, path, key)
    asked = _Asked(kind, item, visit.staff, await request.form())
    try:
        await act(console.store, visit.staff, permission, action, lambda connection: do(connection, asked))
    except ConsoleError as error:
        return await show(request, kind, item, error=error)
    return redirect(f"/answers/{path}/{key}", done=done)


def _seen(form: FormData) -> tuple[int, int]:
    return number(form.get("release")), number(form.get("draft"))
