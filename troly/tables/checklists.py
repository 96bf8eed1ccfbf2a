"""Checklists of life events: what a citizen has to do and bring, and what they ticked off."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, delete
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from troly.tables.base import Base, JsonText, UtcDateTime


class Checklist(Base):
    """One checklist. It is part of what the dialogue remembers, and is forgotten with it."""

    __tablename__ = "checklist"
    __table_args__ = (Index("ix_checklist_sender_id", "sender_id"),)

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    """Short enough for a button; means something in its own conversation only."""
    token: Mapped[str] = mapped_column(String(64), unique=True)
    """Cannot be guessed: who has it may fetch the list as PDF."""
    sender_id: Mapped[str] = mapped_column(String(64))
    """The conversation, as Rasa knows it."""
    language: Mapped[str] = mapped_column(String(8))
    content: Mapped[dict[str, Any]] = mapped_column(JsonText)
    """As actions/life_events/plan.py makes it; "papers" carry "done"."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


async def erase_checklists(connection: AsyncConnection, conversation_id: str) -> None:
    """Delete a conversation's checklists. For troly/erasure.py."""
    await connection.execute(delete(Checklist).where(Checklist.sender_id == conversation_id))
