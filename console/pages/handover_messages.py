"""Messages that citizens left when nobody was there: read, answered, settled."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request
from starlette.responses import Response

from console.errors import ConsoleError, Invalid, Refused
from console.handover import messages, steps
from console.parts import console_of
from console.permissions import Permission
from console.rendering import problem_of, redirect, render
from console.routing import Routes
from console.visits import visit_of

routes = Routes()

Id = Annotated[int, Path(ge=1, le=2**53)]

_READ, _TAKE = Permission.HANDOVER_READ, Permission.HANDOVER_TAKE


@routes.get("/handover/messages", needs=_READ)
async def left(request: Request) -> Response:
    """Messages that were left and not settled."""
    console = console_of(request)
    async with console.store.read() as connection:
        found = await messages.unsettled(console, connection)
    return render(request, "handover/messages.html", messages=found)


@routes.post("/handover/messages/{handover_id}", needs=_TAKE)
async def open_message(request: Request, handover_id: Id) -> Response:
    """One of them in full, with the number to call."""
    return await _message(request, handover_id)


@routes.post("/handover/messages/{handover_id}/reply", needs=_TAKE)
async def answer_message(request: Request, handover_id: Id) -> Response:
    """Write to whoever left it."""
    console, form = console_of(request), await request.form()
    text = str(form.get("text", ""))
    try:
        await steps.answer_message(console, visit_of(request).staff, handover_id, text)
    except Invalid as error:
        return await _message(request, handover_id, error, draft=text)
    return redirect("/handover/messages", done="handover.done_sent")


@routes.post("/handover/messages/{handover_id}/settle", needs=_TAKE)
async def settle(request: Request, handover_id: Id) -> Response:
    """It has been dealt with."""
    await steps.settle(console_of(request), visit_of(request).staff, handover_id)
    return redirect("/handover/messages", done="handover.done_settled")


async def _message(
    request: Request, handover_id: int, error: ConsoleError | None = None, *, draft: str = ""
) -> Response:
    console, staff = console_of(request), visit_of(request).staff
    words, number = await steps.open_message(console, staff, handover_id)
    async with console.store.read() as connection:
        found = await messages.unsettled(console, connection)
    left_one = next((item for item in found if item.id == handover_id), None)
    if left_one is None:
        raise Refused("handover.message_settled")
    return render(
        request,
        "handover/message.html",
        status=error.status if error else 200,
        problem=problem_of(request, error) if error else None,
        left=left_one,
        words=words,
        number_to_call=number,
        draft=draft,
        longest=steps.REPLY,
    )
