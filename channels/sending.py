"""The sender's steps on the outbox, each one transaction: claim, note progress, postpone, conclude.

As in the inbox a claim is a lease, and only the oldest waiting row of a conversation can be claimed. A
claim that is still there when its lease is over says that a sender died during a call: whether the
citizen saw the message nobody knows, so it is sent once more and counted in `repeated`.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from channels import metering, texts
from channels.base import Reply
from channels.oldest import WAITS
from channels.outbox import close_chat
from channels.sending_claim import claiming
from channels.store import Store
from troly.clock import now
from troly.tables.channels import AddressRow
from troly.tables.conversations import Conversation
from troly.tables.delivery import FAILED, SENT, WAITING, Outbox


@dataclass(frozen=True, slots=True)
class Sending:
    """A row that this sender holds."""

    id: int
    claim: str
    inbox_id: str | None
    """The message that it answers."""
    channel: str
    conversation_id: str
    number: int
    kind: str
    content: dict[str, Any]
    created_at: datetime
    attempts: int
    """Before this one."""
    parts_sent: int
    repeated: int
    platform_ids: list[str | None]
    external_id: str | None
    """Encrypted; none when the address is gone."""
    last_inbound_at: datetime | None
    closed: bool
    more: bool
    """Whether another row of the conversation waits behind it."""

    @property
    def reply(self) -> Reply:
        """What is to be said."""
        reply = Reply.model_validate(self.content | {"id": str(self.number)})
        if self.kind == "reply" and reply.sender == "staff":
            # A platform shows everything as coming from the same account.
            reply.text = f"{texts.say('staff', reply.language)}: {reply.text}"
        return reply


async def claim(store: Store, channels: Collection[str], limit: int, lease: timedelta) -> list[Sending]:
    """Take up to `limit` rows of these channels, the oldest first; each is the oldest of its conversation."""
    if limit < 1 or not channels:
        return []
    moment, name = now(), uuid.uuid4().hex
    values = {
        "moment": moment,
        "channels": sorted(channels),
        "most": limit,
        "until": moment + lease,
        "name": name,
    }
    async with store.write() as connection:
        rows = await connection.execute(claiming(connection.dialect.name), values)
        claimed = [_sending(name, dict(row)) for row in rows.mappings()]
    return sorted(claimed, key=lambda row: row.id)


def _sending(name: str, row: dict[str, Any]) -> Sending:
    closed = row.pop("closed_at") is not None
    ids = row.pop("platform_ids") or []
    return Sending(claim=name, closed=closed, platform_ids=ids, **row)


async def progress(store: Store, row: Sending, ids: Sequence[str | None], lease: timedelta) -> bool:
    """Note one more part that was taken, and hold the row for the next. False when it is not ours."""
    values = {"due_at": now() + lease, "parts_sent": len(ids), "platform_ids": list(ids)}
    async with store.write() as connection:
        ours = await _change(connection, row, values)
        await metering.called(connection, row.channel)
        return ours


async def postpone(
    store: Store,
    row: Sending,
    pause: timedelta,
    error: str | None,
    ids: Sequence[str | None],
    *,
    counts: bool,
    repeats: bool = False,
) -> bool:
    """Give the row back, to be sent from its next part on after `pause`.

    `counts`: the try counts; `repeats`: its outcome is unknown. False when the row is not ours.
    """
    values = {
        "due_at": now() + pause,
        "claim": None,
        "error": error,
        "parts_sent": len(ids),
        "platform_ids": list(ids) or None,
        "attempts": row.attempts + int(counts),
        "repeated": row.repeated + int(repeats),
    }
    async with store.write() as connection:
        ours = await _change(connection, row, values)
        if repeats:  # it may have arrived: then the platform has counted it
            await metering.called(connection, row.channel)
        return ours


async def conclude(store: Store, row: Sending, ids: Sequence[str | None], error: str | None = None) -> bool:
    """The row was sent, or with `error` never will be. False when it is not ours."""
    moment = now()
    values = {
        "state": FAILED if error else SENT,
        "claim": None,
        "parts_sent": len(ids),
        "platform_ids": list(ids) or None,
        "sent_at": None if error else moment,
        "attempts": row.attempts + 1,
        "error": error,
    }
    async with store.write() as connection:
        ours = await _forget(connection, row) or await _change(connection, row, values)
        if error is None and len(ids) > row.parts_sent:
            await metering.called(connection, row.channel)
        return ours


async def close(store: Store, row: Sending, reason: str) -> None:
    """Nothing can be sent to this chat: give up all that waits, until the citizen writes again."""
    async with store.write() as connection:
        if await _forget(connection, row):
            return
        await connection.execute(
            update(AddressRow)
            .where(AddressRow.conversation_id == row.conversation_id, AddressRow.closed_at.is_(None))
            .values(closed_at=now(), closed_reason=reason)
        )
        await close_chat(connection, row.conversation_id, reason)


async def waiting(store: Store) -> dict[str, int]:
    """How many rows wait to be sent, by channel."""
    async with store.read() as connection:
        rows = await connection.execute(
            select(Outbox.channel, func.count()).where(Outbox.state == WAITS).group_by(Outbox.channel)
        )
        return {channel: count for channel, count in rows if channel}


async def _forget(connection: AsyncConnection, row: Sending) -> bool:
    """After a farewell: delete the last that we know of the citizen, unless they wrote again."""
    if row.kind != "farewell":
        return False
    held = exists().where(Outbox.id == row.id, Outbox.claim == row.claim)
    gone = await connection.execute(
        delete(Conversation).where(
            Conversation.id == row.conversation_id, Conversation.last_message == 0, held
        )
    )
    return gone.rowcount > 0


async def _change(connection: AsyncConnection, row: Sending, values: dict[str, Any]) -> bool:
    changed = await connection.execute(_changing(), values | {"row": row.id, "mine": row.claim})
    return changed.rowcount > 0


@cache
def _changing() -> Any:
    """Sets the columns that are named beside its parameters."""
    mine = (Outbox.id == bindparam("row"), Outbox.claim == bindparam("mine"), Outbox.state == WAITING)
    return update(Outbox).where(*mine)
