"""Searching a procedure while reviewing, and the names that messages offer for it; for the script."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from fastapi import Request
from starlette.responses import JSONResponse, Response

from console.parts import console_of
from console.permissions import Permission
from console.review import procedures, queue
from console.review.asked import asked_of, is_number
from console.review.known import known
from console.review.suggesting import Offer, Suggestion, offers, suggested
from console.routing import Routes
from console.texts import say
from console.visits import visit_of

routes = Routes()


@routes.get("/review/procedures", needs=Permission.REVIEW_READ)
async def search(request: Request) -> Response:
    """Procedures of the catalogue for the words typed so far; with a group, the names that it offers."""
    console, query = console_of(request), request.query_params
    index = await procedures.index(console.store, console.settings.province)
    found = index.search(query.get("q", "")[:200])
    offered: list[list[Offer]] = []
    if found and is_number(group := query.get("group")):
        state, _ = asked_of(query)
        data = await asyncio.to_thread(known)
        async with console.store.read() as connection:
            items = await queue.texts(connection, visit_of(request).staff, int(str(group)), state)
        offered = await asyncio.to_thread(offers, items, data)
    return JSONResponse(
        [
            {
                "code": row.code,
                "name": row.name,
                "field": row.field,
                "names": _shown(request, suggested(offered, index, row.code)),
            }
            for row in found
        ],
        headers={"Cache-Control": "no-store"},
    )


def _shown(request: Request, names: Sequence[Suggestion]) -> list[dict[str, Any]]:
    """As the script shows them."""
    t = partial(say, visit_of(request).language)
    return [
        {
            "name": one.name,
            "ticked": one.ticked,
            "taken": t("review.name_taken", procedure=one.taken_by) if one.taken_by else "",
        }
        for one in names
    ]
