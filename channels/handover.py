"""What an official does with a conversation, each step one transaction.

The conversation's row says who answers, and every step changes it first. Whoever stores an answer changes
that row, too, so the two wait for each other: an answer that comes after the claim is never said.

What citizens wish is in handover_wishes.py, what time does in handover_times.py.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.handover_changes import (
    Changed,
    NotYoursError,
    by_staff,
    kept_for_staff,
    of_holder,
    of_waiting,
    step,
    tell,
    tell_ended,
)
from channels.outbox import append
from channels.store import Store
from troly.clock import now
from troly.tables.conversations import STAFF, Conversation
from troly.tables.delivery import DONE, Inbox
from troly.tables.delivery import WAITING as FOR_ASSISTANT
from troly.tables.handover import CLOSED, HELD, MESSAGE, WAITING, Handover

__all__ = [
    "Changed",
    "NotYoursError",
    "answer_message_in",
    "claim",
    "claim_in",
    "hand_back",
    "hand_back_in",
    "reply",
    "reply_in",
    "transfer",
    "transfer_in",
]


async def claim(store: Store, handover_id: int, officer: str) -> Changed | None:
    """Take the conversation: from the return on the assistant is silent. None when another was first."""
    async with step(store) as connection:
        return await claim_in(connection, handover_id, officer)
    return None


async def claim_in(connection: AsyncConnection, handover_id: int, officer: str) -> Changed:
    """The same within the caller's transaction. Raises NotYoursError when another was first."""
    moment = now()
    changed = await of_waiting(
        connection,
        handover_id,
        STAFF,
        state=HELD,
        claimed_by=officer,
        claimed_at=func.coalesce(Handover.claimed_at, moment),
        active_at=moment,
    )
    await tell(connection, changed, "staff_joined", "joined")
    return changed


async def reply(store: Store, handover_id: int, officer: str, text: str) -> Changed | None:
    """Say something to the citizen. None when this officer does not hold the conversation."""
    async with step(store) as connection:
        return await reply_in(connection, handover_id, officer, text)
    return None


async def reply_in(connection: AsyncConnection, handover_id: int, officer: str, text: str) -> Changed:
    """The same within the caller's transaction. Raises NotYoursError."""
    moment = now()
    changed = await of_holder(connection, handover_id, officer, STAFF, active_at=moment)
    await append(connection, changed.conversation_id, [by_staff(text, changed)])
    # What the citizen wrote up to here has its answer.
    unanswered = kept_for_staff(changed).where(Inbox.finished_at.is_(None))
    await connection.execute(unanswered.values(finished_at=moment))
    return changed


async def hand_back(
    store: Store, handover_id: int, officer: str | None, *, seen: int | None = None
) -> Changed | None:
    """Give the conversation back to the assistant. None when this officer does not hold it.

    `seen` is the number of the last message that the officer saw: the assistant answers what the citizen
    wrote after it. Without an officer, whoever holds it is meant.
    """
    async with step(store) as connection:
        return await hand_back_in(connection, handover_id, officer, seen=seen)
    return None


async def hand_back_in(
    connection: AsyncConnection,
    handover_id: int,
    officer: str | None,
    *,
    seen: int | None = None,
    told: str = "staff_left",
) -> Changed:
    """The same within the caller's transaction; `told` names the citizen's text. Raises NotYoursError."""
    moment = now()
    changed = await of_holder(connection, handover_id, officer, None, state=CLOSED, closed_at=moment)
    await tell_ended(connection, changed, told, handover_id)
    if seen is not None:
        await connection.execute(
            kept_for_staff(changed)
            .where(Inbox.number > seen, Inbox.finished_at.is_(None))
            .values(state=FOR_ASSISTANT, due_at=moment, attempts=0)
        )
    await connection.execute(kept_for_staff(changed).values(state=DONE, finished_at=moment, visitor=None))
    return changed


async def transfer(
    store: Store, handover_id: int, officer: str, *, to: str | None = None, unit: str | None = None
) -> Changed | None:
    """Pass the conversation to another officer, or back into the queue, of a unit or of all.

    None when this officer does not hold it. In the queue the assistant answers again, as before the claim.
    """
    async with step(store) as connection:
        return await transfer_in(connection, handover_id, officer, to=to, unit=unit)
    return None


async def transfer_in(
    connection: AsyncConnection,
    handover_id: int,
    officer: str,
    *,
    to: str | None = None,
    unit: str | None = None,
) -> Changed:
    """The same within the caller's transaction. Raises NotYoursError."""
    values: dict[str, Any] = {"active_at": now()} | ({} if unit is None else {"unit": unit[:80]})
    values |= {"claimed_by": to} if to else {"claimed_by": None, "state": WAITING, "reminded_at": None}
    changed = await of_holder(connection, handover_id, officer, STAFF if to else WAITING, **values)
    if to:
        await tell(connection, changed, "staff_changed", "notice")
    else:
        await tell(connection, changed, "staff_transferred", "returned")
    return changed


async def answer_message_in(connection: AsyncConnection, handover_id: int, text: str) -> Changed:
    """Write to the citizen who left this message, whoever answers in the conversation now.

    Within the caller's transaction. Raises NotYoursError for one that is settled.
    """
    conversation_id = select(Handover.conversation_id).where(
        Handover.id == handover_id, Handover.state == MESSAGE
    )
    found = await connection.execute(
        update(Conversation)
        .where(Conversation.id == conversation_id.scalar_subquery())
        .values(active_at=now())
        .returning(Conversation.id, Conversation.channel, Conversation.language)
    )
    row = found.first()
    if row is None:
        raise NotYoursError
    changed = Changed(*row)
    await append(connection, changed.conversation_id, [by_staff(text, changed)])
    return changed
