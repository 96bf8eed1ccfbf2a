"""One conversation: read masked, revealed with a reason, marked."""

from __future__ import annotations

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from console.actions import Change, Step, act
from console.conversations import marks, thread
from console.conversations.filters import FLAGS
from console.errors import ConsoleError, Invalid
from console.parts import console_of
from console.permissions import Permission
from console.rendering import problem_of, redirect, render
from console.routing import Routes
from console.visits import visit_of
from troly import masking
from troly.text import clean, squeeze

routes = Routes()

_READ, _MARK, _REVEAL = (
    Permission.CONVERSATIONS_READ,
    Permission.CONVERSATIONS_MARK,
    Permission.CONVERSATIONS_REVEAL,
)
_SHORTEST_REASON = 8


@routes.get("/conversations/{conversation_id}", needs=_READ)
async def read(request: Request, conversation_id: str) -> Response:
    """The thread, personal data masked."""
    return await _thread(request, conversation_id)


@routes.post("/conversations/{conversation_id}/reveal", needs=_REVEAL)
async def reveal(request: Request, conversation_id: str) -> Response:
    """The thread as it was written, once, for a reason that is written down before."""
    console, staff, form = console_of(request), visit_of(request).staff, await request.form()
    reason = squeeze(clean(str(form.get("reason", ""))))[:200]

    async def check(connection: AsyncConnection) -> None:
        if len(reason) < _SHORTEST_REASON:
            raise Invalid("conversations.reason_short", shortest=_SHORTEST_REASON)
        await marks.exists(connection, conversation_id)

    async def do(_connection: AsyncConnection) -> Change:
        return Change(f"conversation:{conversation_id}", None, {"reason": masking.mask(reason)})

    try:
        await act(console.store, staff, _REVEAL, "conversation_revealed", do, check=check)
    except Invalid as error:
        return await _thread(request, conversation_id, error)
    return await _thread(request, conversation_id, revealed=True)


@routes.post("/conversations/{conversation_id}/tags", needs=_MARK)
async def tag(request: Request, conversation_id: str) -> Response:
    """Put a tag on."""
    form, by = await request.form(), visit_of(request).staff.name

    async def do(connection: AsyncConnection) -> Change:
        return await marks.tag(connection, conversation_id, str(form.get("tag", "")), by)

    return await _marked(request, conversation_id, "conversation_tagged", do)


@routes.post("/conversations/{conversation_id}/untag", needs=_MARK)
async def untag(request: Request, conversation_id: str) -> Response:
    """Take a tag off."""
    form = await request.form()

    async def do(connection: AsyncConnection) -> Change:
        return await marks.untag(connection, conversation_id, str(form.get("tag", "")))

    return await _marked(request, conversation_id, "conversation_untagged", do)


@routes.post("/conversations/{conversation_id}/flags", needs=_MARK)
async def flag(request: Request, conversation_id: str) -> Response:
    """Set or remove a flag."""
    form, by = await request.form(), visit_of(request).staff.name
    on = form.get("on") == "1"

    async def do(connection: AsyncConnection) -> Change:
        return await marks.flag(connection, conversation_id, str(form.get("kind", "")), by, on=on)

    name = "conversation_flagged" if on else "conversation_unflagged"
    return await _marked(request, conversation_id, name, do)


@routes.post("/conversations/{conversation_id}/notes", needs=_MARK)
async def note(request: Request, conversation_id: str) -> Response:
    """Write a note."""
    form, by = await request.form(), visit_of(request).staff.name

    async def do(connection: AsyncConnection) -> Change:
        return await marks.note(connection, conversation_id, str(form.get("text", "")), by)

    return await _marked(request, conversation_id, "note_written", do)


@routes.post("/conversations/{conversation_id}/notes/{note_id}/remove", needs=_MARK)
async def remove_note(request: Request, conversation_id: str, note_id: int) -> Response:
    """Delete one's own note."""
    by = visit_of(request).staff.name

    async def do(connection: AsyncConnection) -> Change:
        return await marks.erase_note(connection, conversation_id, note_id, by)

    return await _marked(request, conversation_id, "note_removed", do)


async def _marked(request: Request, conversation_id: str, name: str, do: Step) -> Response:
    console, staff = console_of(request), visit_of(request).staff

    async def check(connection: AsyncConnection) -> None:
        await marks.exists(connection, conversation_id)

    try:
        await act(console.store, staff, _MARK, name, do, check=check)
    except Invalid as error:
        return await _thread(request, conversation_id, error)
    return redirect(f"/conversations/{conversation_id}", done="conversations.done_marked")


async def _thread(
    request: Request, conversation_id: str, error: ConsoleError | None = None, *, revealed: bool = False
) -> Response:
    async with console_of(request).store.read() as connection:
        found = await thread.read(connection, conversation_id)
    return render(
        request,
        "conversations/thread.html",
        status=error.status if error else 200,
        problem=problem_of(request, error) if error else None,
        thread=found,
        conversation=found.conversation,
        revealed=revealed,
        flags=FLAGS,
    )
