"""The desk: the queue, and one conversation."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import JSONResponse, Response

from console.actions import Change, act
from console.conversations import marks
from console.errors import ConsoleError, Invalid, Refused
from console.handover import canned, chat, files, hours, queue, steps, suggestion
from console.handover.suggestion import Suggestion
from console.parts import console_of
from console.permissions import Permission
from console.rendering import context, environment, problem_of, redirect, render
from console.routing import Routes
from console.visits import visit_of
from troly.clock import now
from troly.tables import holidays
from troly.tables.handover import HELD

routes = Routes()

Id = Annotated[int, Path(ge=1, le=2**53)]

_READ, _TAKE, _REVEAL = (
    Permission.HANDOVER_READ,
    Permission.HANDOVER_TAKE,
    Permission.CONVERSATIONS_REVEAL,
)


@routes.get("/handover", needs=_READ)
async def desk(request: Request) -> Response:
    """Who waits, whom I serve, whom colleagues serve."""
    await _here(request)
    return render(request, "handover/queue.html", **await _queue(request))


@routes.get("/handover/live", needs=_READ)
async def live(request: Request) -> Response:
    """The same for the script that keeps the page up to date."""
    values = await _queue(request)
    found: queue.Queue = values["queue"]
    return JSONResponse(
        {
            "html": _fragment(request, "handover/lists.html", values),
            "waiting": [one.id for one in found.waiting],
            "unread": {str(one.id): one.unread for one in found.mine if one.unread},
        },
        headers={"Cache-Control": "no-store"},
    )


@routes.post("/handover/present", needs=_TAKE)
async def present(request: Request) -> Response:
    """The page is open; said every minute."""
    await _here(request)
    return JSONResponse({"ok": True}, headers={"Cache-Control": "no-store"})


@routes.get("/handover/{handover_id}", needs=_READ)
async def one(request: Request, handover_id: Id) -> Response:
    """The conversation."""
    await _here(request)
    asked = request.query_params
    suggested = None
    if asked.get("suggest"):
        suggested = await _suggested(request, handover_id)
    return await _chat(request, handover_id, suggested=suggested, canned_id=asked.get("canned", ""))


@routes.get("/handover/{handover_id}/live", needs=_READ)
async def one_live(request: Request, handover_id: Id) -> Response:
    """What is new in it, for the script."""
    console = console_of(request)
    async with console.store.read() as connection:
        version = await chat.version(connection, handover_id)
    if version == request.query_params.get("version"):
        return JSONResponse({"version": version}, headers={"Cache-Control": "no-store"})
    values = await _chat_values(request, handover_id)
    found: chat.Chat = values["chat"]
    return JSONResponse(
        {
            "version": found.version,
            "html": _fragment(request, "handover/lines.html", values),
            "seen": found.seen,
            "mine": values["mine"],
            "state": found.handover.state,
        },
        headers={"Cache-Control": "no-store"},
    )


@routes.get("/handover/{handover_id}/suggestion", needs=_TAKE)
async def suggest(request: Request, handover_id: Id) -> Response:
    """What the assistant would say; for the script."""
    found = await _suggested(request, handover_id)
    return JSONResponse(
        {
            "text": found.text,
            "html": _fragment(
                request, "handover/suggestion.html", {"suggested": found, "handover_id": handover_id}
            ),
        },
        headers={"Cache-Control": "no-store"},
    )


@routes.post("/handover/{handover_id}/claim", needs=_TAKE)
async def claim(request: Request, handover_id: Id) -> Response:
    """Take it: from now on the assistant is silent."""
    await steps.claim(console_of(request), visit_of(request).staff, handover_id)
    return redirect(f"/handover/{handover_id}", done="handover.done_claimed")


@routes.post("/handover/{handover_id}/take-over", needs=_TAKE)
async def take_over(request: Request, handover_id: Id) -> Response:
    """Go on in a colleague's place."""
    await steps.take_over(console_of(request), visit_of(request).staff, handover_id)
    return redirect(f"/handover/{handover_id}", done="handover.done_claimed")


@routes.post("/handover/{handover_id}/reply", needs=_TAKE)
async def reply(request: Request, handover_id: Id) -> Response:
    """Write to the citizen."""
    form = await request.form()
    text = str(form.get("text", ""))
    try:
        await steps.reply(console_of(request), visit_of(request).staff, handover_id, text)
    except (Invalid, Refused) as error:
        if _is_script(request):
            return JSONResponse({"problem": problem_of(request, error)}, error.status)
        return await _chat(request, handover_id, error, draft=text)
    if _is_script(request):
        return JSONResponse({"ok": True})
    return redirect(f"/handover/{handover_id}#end")


@routes.post("/handover/{handover_id}/return", needs=_TAKE)
async def hand_back(request: Request, handover_id: Id) -> Response:
    """Give it back to the assistant."""
    return await _ended(request, handover_id, close=False)


@routes.post("/handover/{handover_id}/close", needs=_TAKE)
async def close(request: Request, handover_id: Id) -> Response:
    """All is said."""
    return await _ended(request, handover_id, close=True)


@routes.post("/handover/{handover_id}/transfer", needs=_TAKE)
async def transfer(request: Request, handover_id: Id) -> Response:
    """Pass it on."""
    form = await request.form()
    target = str(form.get("target", ""))
    try:
        await steps.transfer(console_of(request), visit_of(request).staff, handover_id, target)
    except Invalid as error:
        return await _chat(request, handover_id, error)
    return redirect("/handover", done="handover.done_transferred")


@routes.post("/handover/{handover_id}/reveal", needs=_REVEAL)
async def reveal(request: Request, handover_id: Id) -> Response:
    """Personal data, while one holds the conversation."""
    form = await request.form()
    reason = str(form.get("reason", ""))
    try:
        await steps.reveal(console_of(request), visit_of(request).staff, handover_id, reason)
    except Invalid as error:
        return await _chat(request, handover_id, error)
    return redirect(f"/handover/{handover_id}")


@routes.post("/handover/{handover_id}/notes", needs=_TAKE)
async def note(request: Request, handover_id: Id) -> Response:
    """For colleagues only."""
    form, staff = await request.form(), visit_of(request).staff

    async def do(connection: AsyncConnection) -> Change:
        conversation_id = await chat.of_conversation(connection, handover_id)
        return await marks.note(connection, conversation_id, str(form.get("note", "")), staff.name)

    try:
        await act(console_of(request).store, staff, _TAKE, "note_written", do)
    except Invalid as error:
        return await _chat(request, handover_id, error)
    return redirect(f"/handover/{handover_id}", done="handover.done_noted")


async def _here(request: Request) -> None:
    """Whoever may take conversations and has the desk open is at the desk."""
    staff = visit_of(request).staff
    if staff.can(_TAKE):
        await console_of(request).desk.present(staff.name, staff.unit)


async def _queue(request: Request) -> dict[str, Any]:
    console, staff, moment = console_of(request), visit_of(request).staff, now()
    async with console.store.read() as connection:
        found = await queue.read(connection, staff.name, staff.unit)
        calendar = await holidays.current(connection)
    return {"queue": found, "moment": moment, "opening": hours.opening(console.settings, moment, calendar)}


async def _ended(request: Request, handover_id: int, *, close: bool) -> Response:
    form = await request.form()
    seen = str(form.get("seen", ""))
    if not seen.isascii() or not seen.isdigit() or len(seen) > 9:
        raise Invalid
    staff = visit_of(request).staff
    await steps.hand_back(console_of(request), staff, handover_id, int(seen), close=close)
    return redirect("/handover", done="handover.done_closed" if close else "handover.done_returned")


async def _suggested(request: Request, handover_id: Id) -> Suggestion:
    console, asked = console_of(request), request.query_params
    async with console.store.read() as connection:
        found = await chat.read(connection, console.settings, handover_id, visit_of(request).staff.name)
        _number, text = await queue.newest_message(connection, found.handover.conversation_id)
        code = await chat.talked_about(connection, found.handover.conversation_id)
    language = found.thread.conversation.language
    if asked.get("intent") and asked.get("code"):
        return await suggestion.answer(console, asked["intent"], asked["code"], language)
    return await suggestion.suggest(console, text, language, code)


async def _chat_values(request: Request, handover_id: Id) -> dict[str, Any]:
    console, staff = console_of(request), visit_of(request).staff
    async with console.store.read() as connection:
        found = await chat.read(connection, console.settings, handover_id, staff.name)
    mine = found.handover.state == HELD and found.handover.claimed_by == staff.name
    may_open = staff.can(_TAKE) and files.may_open(found.handover, staff.name)
    return {
        "chat": found,
        "thread": found.thread,
        "mine": mine,
        "may_open": may_open,
        "moment": now(),
        "revealed": found.revealed,
    }


async def _chat(
    request: Request,
    handover_id: int,
    error: ConsoleError | None = None,
    *,
    draft: str = "",
    suggested: Suggestion | None = None,
    canned_id: str = "",
) -> Response:
    console, staff = console_of(request), visit_of(request).staff
    values = await _chat_values(request, handover_id)
    language = values["thread"].conversation.language
    async with console.store.read() as connection:
        answers = await canned.of(connection, staff.name)
        colleagues = await queue.colleagues(connection, staff.name)
        units = await queue.units(connection)
    ready = [
        {"id": row.id, "title": row.title, "common": not row.owner}
        | {"text": canned.filled(row, console.settings, staff, language)}
        for row in answers
    ]
    chosen = next((item["text"] for item in ready if str(item["id"]) == canned_id), "")
    return render(
        request,
        "handover/chat.html",
        status=error.status if error else 200,
        problem=problem_of(request, error) if error else None,
        **values,
        handover_id=handover_id,
        draft=draft or (suggested.text if suggested else "") or chosen,
        suggested=suggested,
        canned=ready,
        colleagues=colleagues,
        units=units,
        longest=steps.REPLY,
    )


def _fragment(request: Request, template: str, values: dict[str, Any]) -> str:
    return environment().get_template(template).render(context(request, visit_of(request)) | values)


def _is_script(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")
