"""From the assistant to an official and back, each step one transaction.

The conversation's row says who answers, and every step changes it first. Whoever stores an answer changes
that row, too, so the two wait for each other: an answer that comes after the claim is never said.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from channels import texts
from channels.base import Button, Outbound
from channels.outbox import Kind, append
from channels.store import Store
from troly.clock import now
from troly.tables.conversations import STAFF, Conversation
from troly.tables.delivery import DONE, Inbox, enqueue
from troly.tables.delivery import HELD as FOR_STAFF
from troly.tables.delivery import WAITING as FOR_ASSISTANT
from troly.tables.handover import CANCELLED, CLOSED, EXPIRED, HELD, MESSAGE, WAITING, Handover

_AT_ONCE = 100
_DAY = timedelta(days=1)
_RATE = '/rate_service{"service": "person"}'
"""Asks for the five points (actions/ratings.py)."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The conversation of a step that was made."""

    conversation_id: str
    channel: str
    language: str | None


class NotYoursError(Exception):
    """Somebody else was first, or has it: rolls the step back."""


async def open_for(connection: AsyncConnection, conversation_id: str, reason: str | None) -> bool:
    """Ask for an official, within the caller's transaction. False when one has been asked already."""
    if not await _change(connection, conversation_id, None, WAITING):
        return False
    await connection.execute(
        insert(Handover).values(
            conversation_id=conversation_id, state=WAITING, reason=(reason or "")[:40], asked_at=now()
        )
    )
    return True


async def cancel(connection: AsyncConnection, conversation_id: str) -> bool:
    """The citizen needs no official any more, within the caller's transaction. False once one has come."""
    if not await _change(connection, conversation_id, WAITING, None):
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


async def claim(store: Store, handover_id: int, officer: str) -> Changed | None:
    """Take the conversation: from the return on the assistant is silent. None when another was first."""
    async with _step(store) as connection:
        return await claim_in(connection, handover_id, officer)
    return None


async def claim_in(connection: AsyncConnection, handover_id: int, officer: str) -> Changed:
    """The same within the caller's transaction. Raises NotYoursError when another was first."""
    moment = now()
    changed = await _waiting(
        connection,
        handover_id,
        STAFF,
        state=HELD,
        claimed_by=officer,
        claimed_at=func.coalesce(Handover.claimed_at, moment),
        active_at=moment,
    )
    await _tell(connection, changed, "staff_joined", "joined")
    return changed


async def reply(store: Store, handover_id: int, officer: str, text: str) -> Changed | None:
    """Say something to the citizen. None when this officer does not hold the conversation."""
    async with _step(store) as connection:
        return await reply_in(connection, handover_id, officer, text)
    return None


async def reply_in(connection: AsyncConnection, handover_id: int, officer: str, text: str) -> Changed:
    """The same within the caller's transaction. Raises NotYoursError."""
    moment = now()
    changed = await _by_holder(connection, handover_id, officer, STAFF, active_at=moment)
    await append(connection, changed.conversation_id, [_by_staff(text, changed)])
    # What the citizen wrote up to here has its answer.
    await connection.execute(_kept(changed).where(Inbox.finished_at.is_(None)).values(finished_at=moment))
    return changed


async def hand_back(
    store: Store, handover_id: int, officer: str | None, *, seen: int | None = None
) -> Changed | None:
    """Give the conversation back to the assistant. None when this officer does not hold it.

    `seen` is the number of the last message that the officer saw: the assistant answers what the citizen
    wrote after it. Without an officer, whoever holds it is meant.
    """
    async with _step(store) as connection:
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
    changed = await _by_holder(connection, handover_id, officer, None, state=CLOSED, closed_at=moment)
    await _ended(connection, changed, told, handover_id)
    if seen is not None:
        await connection.execute(
            _kept(changed)
            .where(Inbox.number > seen, Inbox.finished_at.is_(None))
            .values(state=FOR_ASSISTANT, due_at=moment, attempts=0)
        )
    await connection.execute(_kept(changed).values(state=DONE, finished_at=moment))
    return changed


async def transfer(
    store: Store, handover_id: int, officer: str, *, to: str | None = None, unit: str | None = None
) -> Changed | None:
    """Pass the conversation to another officer, or back into the queue, of a unit or of all.

    None when this officer does not hold it. In the queue the assistant answers again, as before the claim.
    """
    async with _step(store) as connection:
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
    changed = await _by_holder(connection, handover_id, officer, STAFF if to else WAITING, **values)
    if to:
        await _tell(connection, changed, "staff_changed", "notice")
    else:
        await _tell(connection, changed, "staff_transferred", "returned")
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
    await append(connection, changed.conversation_id, [_by_staff(text, changed)])
    return changed


async def expire(store: Store, patience: timedelta) -> list[Changed]:
    """End what nobody claimed in time: the assistant says so and offers to take a message."""
    since = func.coalesce(Handover.active_at, Handover.asked_at)
    expired: list[Changed] = []
    for handover_id in await _overdue(store, WAITING, since, patience):
        async with _step(store) as connection:
            changed = await _waiting(connection, handover_id, None, state=EXPIRED, closed_at=now())
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


@asynccontextmanager
async def _step(store: Store) -> AsyncIterator[AsyncConnection]:
    """A transaction; one that is refused is rolled back, and what comes after the block goes on."""
    try:
        async with store.write() as connection:
            yield connection
    except NotYoursError:
        return


async def _change(
    connection: AsyncConnection, conversation_id: Any, before: str | None, after: str | None
) -> Changed | None:
    """Change who answers, if it is still `before`; holds the conversation's row from here on."""
    is_before = Conversation.handover.is_(None) if before is None else Conversation.handover == before
    found = await connection.execute(
        update(Conversation)
        .where(Conversation.id == conversation_id, is_before)
        .values(handover=after, active_at=now())
        .returning(Conversation.id, Conversation.channel, Conversation.language)
    )
    row = found.first()
    return Changed(*row) if row else None


async def _both(
    connection: AsyncConnection,
    conditions: list[Any],
    before: str,
    after: str | None,
    values: dict[str, Any],
) -> Changed:
    """Change the conversation and the handover of these conditions. Raises NotYoursError unless both fit."""
    conversation_id = select(Handover.conversation_id).where(*conditions).scalar_subquery()
    changed = await _change(connection, conversation_id, before, after)
    # Looked at again now that the conversation's row is held.
    done = await connection.execute(update(Handover).where(*conditions).values(**values))
    if changed is None or not done.rowcount:
        raise NotYoursError
    return changed


async def _waiting(
    connection: AsyncConnection, handover_id: int, answers: str | None, **values: Any
) -> Changed:
    """A step of what still waits; `answers` is who does from now on. Raises NotYoursError."""
    conditions = [Handover.id == handover_id, Handover.state == WAITING]
    return await _both(connection, conditions, WAITING, answers, values)


async def _by_holder(
    connection: AsyncConnection, handover_id: int, officer: str | None, answers: str | None, **values: Any
) -> Changed:
    """A step of the officer who holds it; `answers` is who does from now on. Raises NotYoursError."""
    conditions = [Handover.id == handover_id, Handover.state == HELD]
    if officer is not None:
        conditions.append(Handover.claimed_by == officer)
    return await _both(connection, conditions, STAFF, answers, values)


async def _tell(connection: AsyncConnection, changed: Changed, name: str, kind: Kind) -> None:
    said = _by_staff(texts.say(name, changed.language), changed)
    await append(connection, changed.conversation_id, [said], kind=kind)


async def _ended(connection: AsyncConnection, changed: Changed, name: str, handover_id: int) -> None:
    """Say that the official has left, and offer to rate the service, once a day."""
    said = _by_staff(texts.say(name, changed.language), changed)
    earlier = await connection.scalar(
        select(func.count())
        .select_from(Handover)
        .where(
            Handover.conversation_id == changed.conversation_id,
            Handover.id != handover_id,
            Handover.claimed_at.is_not(None),
            Handover.closed_at > now() - _DAY,
        )
    )
    if not earlier:
        said.buttons.append(Button(title=texts.say("rate", said.language), payload=_RATE))
    await append(connection, changed.conversation_id, [said], kind="returned")


def _by_staff(text: str, changed: Changed) -> Outbound:
    language = "en" if changed.language == "en" else "vi"
    return Outbound.model_validate({"text": text, "language": language, "from": "staff"})


def _kept(changed: Changed) -> Any:
    return update(Inbox).where(Inbox.conversation_id == changed.conversation_id, Inbox.state == FOR_STAFF)
