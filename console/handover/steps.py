"""What officials do at the desk: each step and its audit line are one transaction; then it is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from channels import callback, handover
from channels.handover import Changed, NotYoursError
from console.actions import Change, act
from console.errors import Invalid, Refused
from console.handover.queue import colleagues
from console.parts import Console
from console.permissions import Permission
from console.visits import Staff
from troly import masking
from troly.clock import now
from troly.tables.desk import DeskReveal
from troly.tables.handover import HELD, MESSAGE, Handover
from troly.text import clean, squeeze

REPLY = 4000
"""Characters of one reply."""
_SHORTEST_REASON = 8
_TAKE = Permission.HANDOVER_TAKE

Work = Callable[[AsyncConnection], Awaitable[tuple[Changed | None, Any, Any]]]


async def claim(console: Console, staff: Staff, handover_id: int) -> None:
    """Take a conversation. Raises Refused when a colleague was first, or nobody waits any more."""

    async def work(connection: AsyncConnection) -> tuple[Changed, Any, Any]:
        return await handover.claim_in(connection, handover_id, staff.name), None, {"claimed_by": staff.name}

    await _step(console, staff, handover_id, "handover_claimed", work, "handover.not_waiting")


async def reply(console: Console, staff: Staff, handover_id: int, text: str) -> None:
    """Write to the citizen. Raises Invalid, Refused."""
    said = clean(text)
    if not said:
        raise Invalid("handover.reply_empty")
    if len(said) > REPLY:
        raise Invalid("handover.reply_long", longest=REPLY)

    async def work(connection: AsyncConnection) -> tuple[Changed, Any, Any]:
        changed = await handover.reply_in(connection, handover_id, staff.name, said)
        return changed, None, {"letters": len(said)}

    await _step(console, staff, handover_id, "handover_replied", work, "handover.not_yours")


async def hand_back(console: Console, staff: Staff, handover_id: int, seen: int, *, close: bool) -> None:
    """Give the conversation back to the assistant, or end it; the citizen is told which. Raises Refused.

    The assistant answers what the citizen wrote after message number `seen`.
    """
    told = "staff_closed" if close else "staff_left"

    async def work(connection: AsyncConnection) -> tuple[Changed, Any, Any]:
        changed = await handover.hand_back_in(connection, handover_id, staff.name, seen=seen, told=told)
        return changed, {"claimed_by": staff.name}, None

    name = "handover_closed" if close else "handover_returned"
    await _step(console, staff, handover_id, name, work, "handover.not_yours")


async def transfer(console: Console, staff: Staff, handover_id: int, target: str) -> None:
    """Pass it on: "to:<account>" or "unit:<name>", without a name to all. Raises Invalid, Refused."""
    kind, _, name = target.partition(":")
    name = squeeze(clean(name))[:80]
    if kind not in ("to", "unit") or (kind == "to" and not name):
        raise Invalid("handover.transfer_where")

    async def work(connection: AsyncConnection) -> tuple[Changed, Any, Any]:
        if kind == "unit":
            changed = await handover.transfer_in(connection, handover_id, staff.name, unit=name)
            return changed, {"claimed_by": staff.name}, {"unit": name}
        if name not in {one.name for one in await colleagues(connection, staff.name)}:
            raise Refused("handover.no_colleague")
        changed = await handover.transfer_in(connection, handover_id, staff.name, to=name)
        return changed, {"claimed_by": staff.name}, {"claimed_by": name}

    await _step(console, staff, handover_id, "handover_transferred", work, "handover.not_yours")


async def take_over(console: Console, staff: Staff, handover_id: int) -> None:
    """Go on in a colleague's place, who has left the desk say. Raises Refused."""

    async def work(connection: AsyncConnection) -> tuple[Changed, Any, Any]:
        holder = await connection.scalar(
            select(Handover.claimed_by).where(Handover.id == handover_id, Handover.state == HELD)
        )
        if holder is None or holder == staff.name:
            raise NotYoursError
        changed = await handover.transfer_in(connection, handover_id, holder, to=staff.name)
        return changed, {"claimed_by": holder}, {"claimed_by": staff.name}

    await _step(console, staff, handover_id, "handover_taken_over", work, "handover.not_waiting")


async def reveal(console: Console, staff: Staff, handover_id: int, reason: str) -> None:
    """See personal data while one holds the conversation, for a reason. Raises Invalid, Refused."""
    given = squeeze(clean(reason))[:200]
    if len(given) < _SHORTEST_REASON:
        raise Invalid("conversations.reason_short", shortest=_SHORTEST_REASON)

    async def do(connection: AsyncConnection) -> Change:
        conversation_id = await connection.scalar(
            select(Handover.conversation_id).where(
                Handover.id == handover_id, Handover.state == HELD, Handover.claimed_by == staff.name
            )
        )
        if conversation_id is None:
            raise Refused("handover.not_yours")
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        row = {"handover_id": handover_id, "officer": staff.name, "at": now()}
        await connection.execute(dialect.insert(DeskReveal).values(row).on_conflict_do_nothing())
        return Change(f"conversation:{conversation_id}", None, {"reason": masking.mask(given)})

    await act(console.store, staff, Permission.CONVERSATIONS_REVEAL, "conversation_revealed", do)


async def open_message(console: Console, staff: Staff, handover_id: int) -> tuple[str, str]:
    """Words and number of a message that was left, in clear; audited. Raises Refused for a settled one."""

    async def do(connection: AsyncConnection) -> Change:
        row = (
            await connection.execute(
                select(Handover.message, Handover.contact).where(
                    Handover.id == handover_id, Handover.state == MESSAGE
                )
            )
        ).first()
        if row is None:
            raise Refused("handover.message_settled")
        words = console.desk.words(row.message), console.desk.words(row.contact)
        return Change(f"handover:{handover_id}", result=words)

    change = await act(console.store, staff, _TAKE, "handover_message_read", do)
    words: tuple[str, str] = change.result
    return words


async def answer_message(console: Console, staff: Staff, handover_id: int, text: str) -> None:
    """Write to whoever left a message. Raises Invalid, Refused."""
    said = clean(text)
    if not said:
        raise Invalid("handover.reply_empty")
    if len(said) > REPLY:
        raise Invalid("handover.reply_long", longest=REPLY)

    async def work(connection: AsyncConnection) -> tuple[Changed, Any, Any]:
        changed = await handover.answer_message_in(connection, handover_id, said)
        return changed, None, {"letters": len(said)}

    await _step(console, staff, handover_id, "handover_message_answered", work, "handover.message_settled")


async def settle(console: Console, staff: Staff, handover_id: int) -> None:
    """A message has been dealt with: its words and number are erased. Raises Refused."""

    async def work(connection: AsyncConnection) -> tuple[None, Any, Any]:
        if not await callback.settle_in(connection, handover_id, staff.name):
            raise NotYoursError
        return None, {"state": MESSAGE}, None

    await _step(console, staff, handover_id, "handover_message_settled", work, "handover.message_settled")


async def _step(
    console: Console, staff: Staff, handover_id: int, name: str, work: Work, refusal: str
) -> None:
    async def do(connection: AsyncConnection) -> Change:
        try:
            changed, before, after = await work(connection)
        except NotYoursError:
            raise Refused(refusal) from None
        return Change(f"handover:{handover_id}", before, after, changed)

    change = await act(console.store, staff, _TAKE, name, do)
    await console.desk.told(change.result)
