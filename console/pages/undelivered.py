"""The list of what did not reach someone."""

from __future__ import annotations

import re

from fastapi import Request
from starlette.responses import Response

from console import texts
from console.parts import console_of
from console.permissions import Permission
from console.rendering import render
from console.routing import Routes
from console.undelivered import query
from console.visits import visit_of

routes = Routes()


@routes.get("/undelivered", needs=Permission.CONVERSATIONS_READ)
async def undelivered(request: Request) -> Response:
    """Messages without an answer (the default), or replies that were not taken (?kind=unsent)."""
    asked = request.query_params
    kind: query.Kind = "unsent" if asked.get("kind") == "unsent" else "unanswered"
    async with console_of(request).store.read() as connection:
        page = await query.find(connection, kind, asked.get("before", ""))
        counts = await query.counts(connection)
    language = visit_of(request).language
    return render(
        request,
        "undelivered/list.html",
        kind=kind,
        page=page,
        counts=counts,
        begun=bool(asked.get("before")),
        reason=lambda word: _in_words(language, word),
    )


def _in_words(language: str, reason: str) -> str:
    """What a reason means; figures in it are the platform's (error_-201, status_502)."""
    name = re.sub(r"_-?\d+$", "", reason)
    key = f"undelivered.reasons.{name}"
    return texts.say(language, key) if texts.knows(key) else texts.say(language, "undelivered.reasons.other")
