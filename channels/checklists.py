"""Checklists of life events as PDF, for whoever has the address that the conversation was told."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import select

from channels.errors import ApiError
from channels.web.session import GatewayParam
from troly.tables.checklists import Checklist

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
"""What secrets.token_urlsafe(32) makes."""

_HEADERS = {
    "Content-Disposition": 'attachment; filename="giay-to-can-co.pdf"',
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "no-referrer",
}

router = APIRouter(include_in_schema=False)


@router.get("/checklists/{name}.pdf")
async def checklist(gateway: GatewayParam, name: str) -> Response:
    """The list as it stands now, with what was ticked off. Nothing in it names a person."""
    if not _TOKEN.fullmatch(name):
        raise ApiError(404, "not_found")
    async with gateway.store.read() as connection:
        row = (
            await connection.execute(
                select(Checklist.content, Checklist.language).where(Checklist.token == name)
            )
        ).first()
    if row is None:
        raise ApiError(404, "not_found")
    pdf = await asyncio.to_thread(_render, row.content, row.language)
    return Response(pdf, media_type="application/pdf", headers=_HEADERS)


def _render(content: dict[str, Any], language: str) -> bytes:
    # Imported by the first who wants one: its fonts take a sixth of the gateway's start.
    from channels.checklist_pdf import render

    return render(content, language)
