"""Turns taken out as CSV or JSON Lines, masked, page by page as they are read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.store import Store
from console.conversations import query
from console.conversations.filters import Filters
from troly.clock import VIETNAM
from troly.tables.delivery import Inbox, Outbox
from troly.tables.turns import Turn

MOST = 100_000
"""Turns of one export; a narrower period gives the rest."""
_PAGE = 500
_FORMULAS = ("=", "+", "-", "@", "|", "%", "\t", "\r", "\n")

COLUMNS = (
    "conversation_id",
    "number",
    "at",
    "channel",
    "language",
    "text",
    "intent",
    "confidence",
    "procedure_code",
    "aspect",
    "decision",
    "status",
    "commune",
    "ms",
    "handed_over",
    "rating",
    "reply",
)

Mask = Callable[[str], str]


async def as_csv(store: Store, filters: Filters, mask: Mask, mask_ours: Mask) -> AsyncIterator[bytes]:
    """Comma-separated, UTF-8 with the mark by which spreadsheets know it; no cell is taken for a formula."""
    yield b"\xef\xbb\xbf" + _csv([list(COLUMNS)])
    async for rows in _rows(store, filters, mask, mask_ours):
        yield _csv([[_cell(row[name]) for name in COLUMNS] for row in rows])


async def as_lines(store: Store, filters: Filters, mask: Mask, mask_ours: Mask) -> AsyncIterator[bytes]:
    """One JSON object a line."""
    async for rows in _rows(store, filters, mask, mask_ours):
        yield "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _csv(rows: list[list[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    """A spreadsheet takes a text that begins so for a formula: an apostrophe makes it a text again."""
    if isinstance(value, str) and value.lstrip(" \u00a0").startswith(_FORMULAS):
        return f"'{value}"
    return value


async def _rows(
    store: Store, filters: Filters, mask: Mask, mask_ours: Mask
) -> AsyncIterator[list[dict[str, Any]]]:
    low, high, given = 0, 0, 0
    async with store.read() as connection:
        low, high = await query.bounds(connection, filters)
    while given < MOST and high > low:
        # A connection for each page: a reader who takes long must hold none.
        async with store.read() as connection:
            found = await query.turns(connection, filters, low, high, min(_PAGE, MOST - given))
            if not found:
                return
            rows = await _described(connection, found, mask, mask_ours)
        yield rows
        given, high = given + len(found), min(found)


async def _described(
    connection: AsyncConnection, ids: list[int], mask: Mask, mask_ours: Mask
) -> list[dict[str, Any]]:
    rows = await connection.execute(
        select(Turn.__table__, Inbox.text, Inbox.payload)
        .outerjoin(Inbox, Inbox.id == Turn.message_id)
        .where(Turn.id.in_(ids))
        .order_by(Turn.id.desc())
    )
    turns = list(rows)
    replies: dict[str, str] = {}
    for message_id, content in await connection.execute(
        select(Outbox.inbox_id, Outbox.content)
        .where(Outbox.inbox_id.in_([row.message_id for row in turns]), Outbox.kind == "reply")
        .order_by(Outbox.number)
    ):
        said = replies.get(message_id, "")
        replies[message_id] = (said + "\n\n" if said else "") + str(content.get("text") or "")
    return [
        {
            **{name: getattr(row, name) for name in COLUMNS if hasattr(row, name)},
            "at": row.at.astimezone(VIETNAM).isoformat(timespec="seconds"),
            "text": mask(row.text) if row.text else row.payload or "",
            "reply": mask_ours(replies.get(row.message_id, "")),
        }
        for row in turns
    ]


async def count(connection: AsyncConnection, filters: Filters) -> int:
    """How many turns an export would hold, at most MOST + 1."""
    low, high = await query.bounds(connection, filters)
    found = query.rows_of(filters, connection.dialect.name, low, high, MOST + 1).subquery()
    return await connection.scalar(select(func.count()).select_from(found)) or 0
