"""Whether a reply can still reach a citizen, and until when: for officials who answer later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.zalo_oa.windows import FREE, PAID
from troly.settings import Settings
from troly.tables.channels import AddressRow
from troly.tables.conversations import Conversation

RETURN = timedelta(hours=24)
"""So long after its token ends a visitor of the website comes back to the same conversation."""

Why = Literal["open", "page", "window", "closed", "gone"]


@dataclass(frozen=True, slots=True)
class Reach:
    """How a conversation's citizen can be reached."""

    can: bool
    why: Why
    """open; page (only while they come back to the website); window (the platform's time is over); closed
    (they left or blocked the account); gone (no conversation)."""
    until: datetime | None = None
    """When it ends, or ended; none: no end is known."""


async def reach(
    connection: AsyncConnection, settings: Settings, conversation_id: str, moment: datetime
) -> Reach:
    """How things stand at this moment."""
    row = (
        await connection.execute(
            select(
                Conversation.channel,
                Conversation.active_at,
                AddressRow.last_inbound_at,
                AddressRow.closed_at,
            )
            .outerjoin(AddressRow, AddressRow.conversation_id == Conversation.id)
            .where(Conversation.id == conversation_id)
        )
    ).first()
    if row is None:
        return Reach(False, "gone")
    if row.channel == "web":
        until = row.active_at + timedelta(minutes=settings.token_minutes) + RETURN
        return Reach(moment < until, "page", until)
    if row.closed_at is not None:
        return Reach(False, "closed", row.closed_at)
    if row.channel == "zalo_oa" and row.last_inbound_at is not None:
        until = row.last_inbound_at + (PAID if settings.zalo_oa_paid_window else FREE)
        return Reach(moment < until, "open" if moment < until else "window", until)
    return Reach(True, "open")
