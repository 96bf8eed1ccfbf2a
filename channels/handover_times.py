"""What time does: nobody came, or the official has gone quiet."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from channels.handover import hand_back
from channels.handover_changes import Changed, of_waiting, step
from channels.store import Store
from troly.clock import now
from troly.tables.delivery import enqueue
from troly.tables.handover import EXPIRED, HELD, WAITING, Handover

_AT_ONCE = 100


async def expire(store: Store, patience: timedelta) -> list[Changed]:
    """End what nobody claimed in time: the assistant says so and offers to take a message."""
    since = func.coalesce(Handover.active_at, Handover.asked_at)
    expired: list[Changed] = []
    for handover_id in await _overdue(store, WAITING, since, patience):
        async with step(store) as connection:
            changed = await of_waiting(connection, handover_id, None, state=EXPIRED, closed_at=now())
            await enqueue(
                connection, changed.conversation_id, f"handover:{handover_id}", "/tell_handover_expired"
            )
            expired.append(changed)
    return expired


async def release(store: Store, patience: timedelta) -> list[Changed]:
    """Give back conversations whose officer has done nothing for so long."""
    idle = await _overdue(store, HELD, Handover.active_at, patience)
    returned = [await hand_back(store, handover_id, None) for handover_id in idle]
    return [changed for changed in returned if changed]


async def _overdue(store: Store, state: str, since: Any, patience: timedelta) -> list[int]:
    async with store.read() as connection:
        found = await connection.scalars(
            select(Handover.id).where(Handover.state == state, since < now() - patience).limit(_AT_ONCE)
        )
        return list(found)
