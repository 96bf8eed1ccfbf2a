"""One handover as the official sees it, and whether the citizen can still be reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.reach import Reach, reach
from console.conversations.thread import Message, Thread
from console.conversations.thread import read as read_thread
from console.errors import Missing
from troly.clock import now
from troly.settings import Settings
from troly.tables.conversations import Conversation
from troly.tables.desk import DeskReveal
from troly.tables.handover import HELD, Handover
from troly.tables.turns import Turn


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation for which an official was asked."""

    handover: Any
    thread: Thread
    reach: Reach
    revealed: bool
    """This official gave a reason to see personal data, and still holds it."""
    version: str
    """Changes with every message and every step."""

    @property
    def seen(self) -> int:
        """The number of the newest message on the page."""
        return max((line.number for line in self.thread.lines if isinstance(line, Message)), default=0)


async def read(connection: AsyncConnection, settings: Settings, handover_id: int, officer: str) -> Chat:
    """Everything of one handover. Raises Missing when there is none, or it was erased."""
    row = (await connection.execute(select(Handover.__table__).where(Handover.id == handover_id))).first()
    if row is None:
        raise Missing("conversations.gone")
    thread = await read_thread(connection, row.conversation_id)
    return Chat(
        row,
        thread,
        await reach(connection, settings, row.conversation_id, now()),
        row.state == HELD and row.claimed_by == officer and await _revealed(connection, handover_id, officer),
        await version(connection, handover_id),
    )


async def version(connection: AsyncConnection, handover_id: int) -> str:
    """A word that changes with everything the page shows; cheap to ask. Raises Missing."""
    revealed = (
        select(func.count()).select_from(DeskReveal).where(DeskReveal.handover_id == Handover.id)
    ).scalar_subquery()
    row = (
        await connection.execute(
            select(
                Conversation.last_message,
                Conversation.last_event,
                Handover.state,
                Handover.claimed_by,
                Handover.unit,
                revealed,
            )
            .join(Conversation, Conversation.id == Handover.conversation_id)
            .where(Handover.id == handover_id)
        )
    ).first()
    if row is None:
        raise Missing("conversations.gone")
    return "-".join("" if value is None else str(value) for value in row)


async def talked_about(connection: AsyncConnection, conversation_id: str) -> str | None:
    """The code of the procedure that the assistant last answered about."""
    code: str | None = await connection.scalar(
        select(Turn.procedure_code)
        .where(Turn.conversation_id == conversation_id, Turn.procedure_code.is_not(None))
        .order_by(Turn.number.desc())
        .limit(1)
    )
    return code


async def of_conversation(connection: AsyncConnection, handover_id: int) -> str:
    """The conversation of a handover. Raises Missing."""
    found: str | None = await connection.scalar(
        select(Handover.conversation_id).where(Handover.id == handover_id)
    )
    if found is None:
        raise Missing("conversations.gone")
    return found


async def _revealed(connection: AsyncConnection, handover_id: int, officer: str) -> bool:
    found = exists().where(DeskReveal.handover_id == handover_id, DeskReveal.officer == officer)
    return bool(await connection.scalar(select(found)))


def since(moment: datetime, then: datetime | None) -> int:
    """Whole minutes."""
    return max(0, int((moment - then).total_seconds() // 60)) if then else 0
