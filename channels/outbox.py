"""The outbox: what a conversation was told, in order, numbered so that a client can resume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.base import Outbound, Reply
from channels.store import Store
from troly.clock import now
from troly.tables.conversations import Conversation
from troly.tables.delivery import Outbox

Kind = Literal["reply", "notice"]


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the outbox."""

    number: int
    kind: Kind
    inbox_id: str | None
    content: dict[str, Any]
    created_at: datetime

    @property
    def reply(self) -> Reply:
        """The content with its id."""
        return Reply.model_validate(self.content | {"id": str(self.number)})


async def append(
    connection: AsyncConnection,
    conversation_id: str,
    contents: Sequence[Outbound],
    *,
    kind: Kind = "reply",
    inbox_id: str | None = None,
) -> None:
    """Add to the conversation's outbox within the caller's transaction."""
    if not contents:
        return
    moment = now()
    spoken = next((item.language for item in reversed(contents) if item.language in ("vi", "en")), None)
    values: dict[str, object] = {"last_event": Conversation.last_event + len(contents), "active_at": moment}
    if spoken:
        values["language"] = spoken
    last = await connection.scalar(
        update(Conversation)
        .where(Conversation.id == conversation_id)
        .values(**values)
        .returning(Conversation.last_event)
    )
    if last is None:
        return
    await connection.execute(
        insert(Outbox),
        [
            {
                "conversation_id": conversation_id,
                "number": last - len(contents) + position,
                "kind": kind,
                "inbox_id": inbox_id,
                "content": content.model_dump(mode="json"),
                "created_at": moment,
            }
            for position, content in enumerate(contents, start=1)
        ],
    )


async def events_after(store: Store, conversation_id: str, number: int, limit: int = 200) -> list[Event]:
    """The conversation's events after `number`, oldest first."""
    return await _read(store, limit, Outbox.conversation_id == conversation_id, Outbox.number > number)


async def replies_to(store: Store, inbox_id: str) -> list[Reply]:
    """The answer to one message (notices are not part of it)."""
    events = await _read(store, 100, Outbox.inbox_id == inbox_id, Outbox.kind == "reply")
    return [event.reply for event in events]


async def _read(store: Store, limit: int, *conditions: Any) -> list[Event]:
    async with store.read() as connection:
        rows = await connection.execute(
            select(Outbox.number, Outbox.kind, Outbox.inbox_id, Outbox.content, Outbox.created_at)
            .where(*conditions)
            .order_by(Outbox.number)
            .limit(limit)
        )
        return [Event(*row) for row in rows]
