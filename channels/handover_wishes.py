"""The citizen's side: asks for an official, waits, needs none any more. Each in the caller's transaction."""

from __future__ import annotations

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from channels import texts
from channels.handover_changes import change
from channels.outbox import append
from troly.clock import now
from troly.tables.handover import CANCELLED, WAITING, Handover


async def open_for(connection: AsyncConnection, conversation_id: str, reason: str | None) -> bool:
    """Ask for an official, within the caller's transaction. False when one has been asked already."""
    if not await change(connection, conversation_id, None, WAITING):
        return False
    await connection.execute(
        insert(Handover).values(
            conversation_id=conversation_id, state=WAITING, reason=(reason or "")[:40], asked_at=now()
        )
    )
    return True


async def cancel(connection: AsyncConnection, conversation_id: str) -> bool:
    """The citizen needs no official any more, within the caller's transaction. False once one has come."""
    if not await change(connection, conversation_id, WAITING, None):
        return False
    await connection.execute(
        update(Handover)
        .where(Handover.conversation_id == conversation_id, Handover.state == WAITING)
        .values(state=CANCELLED, closed_at=now())
    )
    return True


async def remind(connection: AsyncConnection, conversation_id: str, language: str | None) -> None:
    """Tell a waiting citizen who asks on, once, that an official was asked; in the caller's transaction."""
    first = await connection.execute(
        update(Handover)
        .where(
            Handover.conversation_id == conversation_id,
            Handover.state == WAITING,
            Handover.reminded_at.is_(None),
        )
        .values(reminded_at=now())
    )
    if first.rowcount:
        await append(connection, conversation_id, [texts.told("official_asked", language)], kind="notice")
