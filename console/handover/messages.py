"""Messages that citizens left when nobody was there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.reach import Reach, reach
from console.parts import Console
from troly.clock import now
from troly.tables.conversations import Conversation
from troly.tables.handover import MESSAGE, Handover

_MOST = 100


@dataclass(frozen=True, slots=True)
class Left:
    """A message that was left; its words are shown masked until somebody opens it."""

    id: int
    conversation_id: str
    channel: str
    language: str | None
    asked_at: datetime
    words: str
    has_number: bool
    reach: Reach


async def unsettled(console: Console, connection: AsyncConnection) -> list[Left]:
    """The oldest first."""
    rows = await connection.execute(
        select(
            Handover.id,
            Handover.conversation_id,
            Conversation.channel,
            Conversation.language,
            Handover.asked_at,
            Handover.message,
            Handover.contact.is_not(None).label("has_number"),
        )
        .join(Conversation, Conversation.id == Handover.conversation_id)
        .where(Handover.state == MESSAGE)
        .order_by(Handover.asked_at)
        .limit(_MOST)
    )
    moment = now()
    return [
        Left(
            row.id,
            row.conversation_id,
            row.channel,
            row.language,
            row.asked_at,
            console.desk.words(row.message),
            bool(row.has_number),
            await reach(connection, console.settings, row.conversation_id, moment),
        )
        for row in rows.all()
    ]
