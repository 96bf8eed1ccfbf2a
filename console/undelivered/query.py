"""Reads what could not be answered and what could not be sent, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import and_, column, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from troly.tables.delivery import Inbox, Outbox

Kind = Literal["unanswered", "unsent"]

SIZE = 50


@dataclass(frozen=True, slots=True)
class Undelivered:
    """One message; `reason` is a word of channels/errors.py and its neighbours, never a citizen's."""

    at: datetime
    channel: str
    conversation_id: str
    attempts: int
    reason: str
    id: str


@dataclass(frozen=True, slots=True)
class Page:
    """Part of the list; `older` is the place from which the next page goes on."""

    rows: list[Undelivered]
    older: str | None


async def find(connection: AsyncConnection, kind: Kind, before: str = "") -> Page:
    """A page of SIZE rows. `before` is Page.older of the page before; anything else begins anew."""
    # Written out, as in the partial indexes: with a bound value the planner would not use them.
    if kind == "unanswered":
        table, moment, live = Inbox, Inbox.finished_at, text("inbox.state = 'parked'")
    else:
        table, moment, live = Outbox, Outbox.created_at, text("outbox.state = 'failed'")  # type: ignore[assignment]
    query: Any = (
        select(moment, table.channel, table.conversation_id, table.attempts, table.error, table.id)
        .where(live)
        .order_by(moment.desc(), table.id.desc())
        .limit(SIZE + 1)
    )
    if (place := _place(before, kind)) is not None:
        at, identity = place
        query = query.where(or_(moment < at, and_(moment == at, table.id < identity)))
    found = [
        Undelivered(at, channel or "web", conversation, attempts, error or "", str(identity))
        for at, channel, conversation, attempts, error, identity in await connection.execute(query)
    ]
    last = found[SIZE - 1] if len(found) > SIZE else None
    return Page(found[:SIZE], f"{last.at.isoformat()}~{last.id}" if last else None)


async def counts(connection: AsyncConnection) -> dict[Kind, int]:
    """How many there are of each kind."""
    found: dict[Kind, int] = {}
    for kind, table, live in (
        ("unanswered", Inbox, "inbox.state = 'parked'"),
        ("unsent", Outbox, "outbox.state = 'failed'"),
    ):
        query = select(func.count(column("id"))).select_from(table).where(text(live))
        found[kind] = int(await connection.scalar(query) or 0)  # type: ignore[index]
    return found


def _place(before: str, kind: Kind) -> tuple[datetime, str | int] | None:
    moment, _, identity = before.partition("~")
    try:
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None or not identity:
            return None
        return (at, identity[:32]) if kind == "unanswered" else (at, int(identity[:18]))
    except ValueError:
        return None
