"""The conversation log: Rasa's events, append-only, and the state in which each conversation stands."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Float, Index, Integer, String, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from troly.tables.base import Base, JsonText

# SQLite numbers rows only for a column that is exactly INTEGER.
_BigId = BigInteger().with_variant(Integer, "sqlite")


class TrackerEvent(Base):
    """One Rasa event of a conversation, as Rasa serialises it."""

    __tablename__ = "tracker_event"
    __table_args__ = (Index("ix_tracker_event_sender_id_id", "sender_id", "id"),)

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    sender_id: Mapped[str] = mapped_column(String(64))
    type: Mapped[str] = mapped_column(String(40))
    timestamp: Mapped[float] = mapped_column(Float)
    data: Mapped[Any] = mapped_column(JsonText)


class TrackerSnapshot(Base):
    """Slots and active loop after the last stored event, so that old events need not be replayed."""

    __tablename__ = "tracker_snapshot"

    sender_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    slots: Mapped[Any] = mapped_column(JsonText)
    active_loop: Mapped[str | None] = mapped_column(String(80))
    last_event_id: Mapped[int] = mapped_column(BigInteger)
    turns: Mapped[int] = mapped_column(Integer, default=0)


_LAST_EVENTS = 40


async def mask_message(
    connection: AsyncConnection, conversation_id: str, message_id: str, masked: str
) -> None:
    """Put `masked` in the place of what the citizen wrote in one message, among the latest, and what was
    read out of it."""
    rows = await connection.execute(
        select(TrackerEvent.id, TrackerEvent.data)
        .where(TrackerEvent.sender_id == conversation_id, TrackerEvent.type == "user")
        .order_by(TrackerEvent.id.desc())
        .limit(_LAST_EVENTS)
    )
    for event_id, data in rows:
        if (data.get("metadata") or {}).get("message_id") != message_id:
            continue
        read: dict[str, Any] = {
            "intent": (data.get("parse_data") or {}).get("intent"),
            "entities": [],
            "text": masked,
        }
        changed = data | {"text": masked, "parse_data": read}
        await connection.execute(update(TrackerEvent).where(TrackerEvent.id == event_id).values(data=changed))
