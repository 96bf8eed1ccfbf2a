"""Tells followers: the change, each one's notice and the message that says it, in one transaction.

Whatever is killed, and whenever: either nothing of it is stored, and it is found and told later, or all of
it is, and delivery (which answers each stored message once) does the rest.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from portal.changes import LAST, appointment, compare
from portal.models import Application
from troly.clock import now
from troly.tables.delivery import enqueue
from troly.tables.notices import Notice, Subscription, WatchedApplication


@dataclass(frozen=True, slots=True)
class Watched:
    """A followed application as it is stored."""

    code: str
    state: dict[str, Any]
    version: int
    misses: int


COLUMNS = (
    WatchedApplication.code,
    WatchedApplication.state,
    WatchedApplication.version,
    WatchedApplication.misses,
)


async def note_change(
    engine: AsyncEngine, known: Watched, found: Application, next_look: datetime | None
) -> int:
    """Store what was found and tell the followers what is new; gives how many. 0 when another was first."""
    state = found.to_dict()
    kind = compare(known.state, state)
    moment = now()
    values: dict[str, Any] = {"state": state, "misses": 0, "appointment": appointment(found)}
    if next_look:
        values["due_at"] = next_look
    if kind:
        values |= {"version": known.version + 1, "changed_at": moment}
    async with engine.begin() as connection:
        changed = await connection.execute(
            update(WatchedApplication)
            .where(WatchedApplication.code == known.code, WatchedApplication.version == known.version)
            .values(**values)
        )
        if not kind or not changed.rowcount:
            return 0
        told = await tell(connection, known.code, f"v{known.version + 1}", kind, state)
        if found.status in LAST:
            await end_all(connection, known.code, "finished")
        return told


async def catch_up(engine: AsyncEngine, found: Application) -> None:
    """The same for an application that was looked up for another reason; nothing where nobody follows it."""
    query = select(*COLUMNS).where(WatchedApplication.code == found.code)
    async with engine.connect() as connection:
        row = (await connection.execute(query)).first()
    if row and compare(row.state, found.to_dict()):
        await note_change(engine, Watched(*row), found, None)


async def tell(
    connection: AsyncConnection,
    code: str,
    change_id: str,
    kind: str,
    state: dict[str, Any],
    *conditions: ColumnElement[bool],
) -> int:
    """Put a notice for each follower (of those that meet the conditions) into their conversation."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    followers = (
        await connection.execute(
            select(Subscription.id, Subscription.conversation_id).where(
                Subscription.code == code, Subscription.ended_at.is_(None), *conditions
            )
        )
    ).all()
    told = 0
    for subscription_id, conversation_id in followers:
        made = await connection.scalar(
            dialect.insert(Notice)
            .values(
                id=uuid.uuid4().hex,
                subscription_id=subscription_id,
                change_id=change_id,
                kind=kind,
                state=state,
                created_at=now(),
            )
            .on_conflict_do_nothing(index_elements=["subscription_id", "change_id"])
            .returning(Notice.id)
        )
        if made and await enqueue(connection, conversation_id, f"notice:{made}", payload_of(made)):
            told += 1
    return told


def payload_of(notice_id: str) -> str:
    """The internal message that makes the assistant say a notice."""
    return f'/tell_notice{{"notice_id": "{notice_id}"}}'


async def end_all(connection: AsyncConnection, code: str, reason: str) -> None:
    """Nobody follows the application any more."""
    await connection.execute(
        update(Subscription)
        .where(Subscription.code == code, Subscription.ended_at.is_(None))
        .values(ended_at=now(), ended_reason=reason)
    )
    await connection.execute(delete(WatchedApplication).where(WatchedApplication.code == code))
