"""What every step between assistant and official does: both rows change or neither; the citizen is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from channels import texts
from channels.base import Button, Outbound
from channels.outbox import Kind, append
from channels.store import Store
from troly.clock import now
from troly.tables.conversations import STAFF, Conversation
from troly.tables.delivery import HELD as FOR_STAFF
from troly.tables.delivery import Inbox
from troly.tables.handover import HELD, WAITING, Handover

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


@asynccontextmanager
async def step(store: Store) -> AsyncIterator[AsyncConnection]:
    """A transaction; one that is refused is rolled back, and what comes after the block goes on."""
    try:
        async with store.write() as connection:
            yield connection
    except NotYoursError:
        return


async def change(
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
    changed = await change(connection, conversation_id, before, after)
    # Looked at again now that the conversation's row is held.
    done = await connection.execute(update(Handover).where(*conditions).values(**values))
    if changed is None or not done.rowcount:
        raise NotYoursError
    return changed


async def of_waiting(
    connection: AsyncConnection, handover_id: int, answers: str | None, **values: Any
) -> Changed:
    """A step of what still waits; `answers` is who does from now on. Raises NotYoursError."""
    conditions = [Handover.id == handover_id, Handover.state == WAITING]
    return await _both(connection, conditions, WAITING, answers, values)


async def of_holder(
    connection: AsyncConnection, handover_id: int, officer: str | None, answers: str | None, **values: Any
) -> Changed:
    """A step of the officer who holds it; `answers` is who does from now on. Raises NotYoursError."""
    conditions = [Handover.id == handover_id, Handover.state == HELD]
    if officer is not None:
        conditions.append(Handover.claimed_by == officer)
    return await _both(connection, conditions, STAFF, answers, values)


async def tell(connection: AsyncConnection, changed: Changed, name: str, kind: Kind) -> None:
    """Say the text of this name to the citizen."""
    said = by_staff(texts.say(name, changed.language), changed)
    await append(connection, changed.conversation_id, [said], kind=kind)


async def tell_ended(connection: AsyncConnection, changed: Changed, name: str, handover_id: int) -> None:
    """Say that the official has left, and offer to rate the service, once a day."""
    said = by_staff(texts.say(name, changed.language), changed)
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
        said.buttons.append(Button(title=texts.say("button_rate", said.language), payload=_RATE))
    await append(connection, changed.conversation_id, [said], kind="returned")


def by_staff(text: str, changed: Changed) -> Outbound:
    """Words as an official's, in the conversation's language."""
    language = "en" if changed.language == "en" else "vi"
    return Outbound.model_validate({"text": text, "language": language, "from": "staff"})


def kept_for_staff(changed: Changed) -> Any:
    """An update of the messages that wait for staff in the conversation."""
    return update(Inbox).where(Inbox.conversation_id == changed.conversation_id, Inbox.state == FOR_STAFF)
