"""Messages that are left for an official, to be looked at when the office is open."""

from __future__ import annotations

import json

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.base import HandoverWish
from channels.claiming import Claimed
from channels.handover_wishes import cancel
from channels.store import Store
from troly.clock import now
from troly.privacy import Keyring
from troly.tables.delivery import Inbox
from troly.tables.handover import CLOSED, MESSAGE, Handover
from troly.tables.tracker import mask_message


async def leave(connection: AsyncConnection, message: Claimed, wish: HandoverWish, keyring: Keyring) -> bool:
    """Keep what the citizen wrote as a message for staff, within the caller's transaction.

    `message` is the one with the number to call back, or with the wish for none. As it answers a question
    for a secret (channels/inbox.py), only the encrypted number stays. False when nothing was written.
    """
    identity = message.conversation_id
    said = await connection.scalar(
        select(Inbox.text).where(Inbox.id == wish.about, Inbox.conversation_id == identity)
    )
    if not said:
        return False
    number = None
    if wish.phone == message.id:
        number = message.text or await _shared(connection, message)
    await cancel(connection, identity)
    await connection.execute(
        insert(Handover).values(
            conversation_id=identity,
            state=MESSAGE,
            reason="leave_message",
            asked_at=now(),
            message=keyring.encrypt(said),
            contact=keyring.encrypt(number) if number else None,
        )
    )
    return True


async def _shared(connection: AsyncConnection, message: Claimed) -> str | None:
    """The number of a shared contact; its button payload, which is no text and so no secret, is emptied."""
    name, _, values = (message.payload or "").partition("{")
    try:
        given = json.loads("{" + values) if values else {}
    except ValueError:
        return None
    await connection.execute(update(Inbox).where(Inbox.id == message.id).values(payload=name, media=None))
    await mask_message(connection, message.conversation_id, message.id, name)
    number = given.get("phone")
    return str(number) if number else None


async def settle(store: Store, handover_id: int, officer: str) -> bool:
    """A message has been dealt with: its words and the number are not needed any more."""
    async with store.write() as connection:
        return await settle_in(connection, handover_id, officer)


async def settle_in(connection: AsyncConnection, handover_id: int, officer: str) -> bool:
    """The same within the caller's transaction."""
    done = await connection.execute(
        update(Handover)
        .where(Handover.id == handover_id, Handover.state == MESSAGE)
        .values(state=CLOSED, claimed_by=officer, closed_at=now(), contact=None, message=None)
    )
    return done.rowcount > 0
