"""How many messages a citizen was sent since they last wrote, whichever process sent them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from channels.store import Store
from troly.tables.delivery import Outbox


async def sent_since(store: Store, conversation_id: str, moment: datetime) -> int:
    """Calls that Zalo took for replies made since `moment`."""
    query = select(func.coalesce(func.sum(Outbox.parts_sent), 0)).where(
        Outbox.conversation_id == conversation_id, Outbox.created_at >= moment
    )
    async with store.read() as connection:
        return int(await connection.scalar(query) or 0)
