"""Tells one conversation, in the transaction that notes it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exists, update
from sqlalchemy.ext.asyncio import AsyncConnection

from channels import texts
from channels.base import Button, Outbound
from channels.broadcasting import reserve
from channels.handover_changes import Changed
from channels.outbox import append
from channels.own_payloads import NO_BROADCASTS
from channels.store import Store
from troly.clock import now
from troly.settings import Settings
from troly.tables.controls import RUNNING, Broadcast, BroadcastRefusal, BroadcastTarget
from troly.tables.conversations import Conversation


async def tell(store: Store, settings: Settings, running: Any, conversation_id: str) -> Changed | None:
    """Store it for the citizen. None when they were told, want none, or Zalo's reserve is all that is left.

    `running`: the broadcast's row. The reserve is looked at for each, as answers go out meanwhile.
    """
    async with store.write() as connection:
        # Held first, as everyone does who writes into a conversation.
        found = (
            await connection.execute(
                update(Conversation)
                .where(Conversation.id == conversation_id)
                .values(last_event=Conversation.last_event)
                .returning(Conversation.channel, Conversation.language, Conversation.active_at)
            )
        ).first()
        if found is None:
            return None
        allowance = await reserve.allowance(connection, settings, found.channel, now())
        if allowance and allowance.left == 0:
            return None
        if not await _noted(connection, running.id, conversation_id):
            return None
        await append(connection, conversation_id, [_said(running, found.language)])
        # Being told something is no sign of the citizen: what they wrote grows old as before.
        await connection.execute(
            update(Conversation)
            .where(Conversation.id == conversation_id)
            .values(active_at=found.active_at, language=found.language)
        )
    return Changed(conversation_id, found.channel, found.language)


async def _noted(connection: AsyncConnection, broadcast_id: int, conversation_id: str) -> bool:
    """Note that the conversation is told; False when it was, or must not be any more."""
    still = exists().where(Broadcast.id == broadcast_id, Broadcast.state == RUNNING)
    refused = exists().where(BroadcastRefusal.conversation_id == conversation_id)
    noted = await connection.execute(
        update(BroadcastTarget)
        .where(
            BroadcastTarget.broadcast_id == broadcast_id,
            BroadcastTarget.conversation_id == conversation_id,
            BroadcastTarget.told_at.is_(None),
            still,
            ~refused,
        )
        .values(told_at=now())
    )
    return noted.rowcount > 0


def _said(running: Any, language: str | None) -> Outbound:
    spoken = "en" if language == "en" else "vi"
    stop = Button(title=texts.say("button_no_broadcasts", spoken), payload=NO_BROADCASTS)
    return Outbound(
        text=running.text_en if spoken == "en" else running.text_vi, language=spoken, buttons=[stop]
    )
