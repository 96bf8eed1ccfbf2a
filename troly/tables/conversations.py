"""Conversations with citizens and what citizens thought of the answers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Connection,
    ForeignKey,
    Integer,
    String,
    Text,
    UniqueConstraint,
    delete,
    inspect,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from troly.tables.base import Base, UtcDateTime
from troly.tables.tracker import TrackerEvent, TrackerSnapshot

# SQLite numbers rows only for a column that is exactly INTEGER.
_BigId = BigInteger().with_variant(Integer, "sqlite")


class Conversation(Base):
    """All turns with one citizen on one channel. The id is ours, never the platform's."""

    __tablename__ = "conversation"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    channel: Mapped[str] = mapped_column(String(20))
    language: Mapped[str | None] = mapped_column(String(8))
    """The language of the last answer, before that the one the citizen's page asked for."""
    last_message: Mapped[int] = mapped_column(Integer, default=0)
    """Number of the newest inbox row. Counting here serialises arrivals, so that order is total."""
    last_event: Mapped[int] = mapped_column(Integer, default=0)
    """Number of the newest outbox row: what a client resumes from."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    active_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Rating(Base):
    """A citizen's opinion of a reply, of the answer to a message, or of the whole conversation."""

    __tablename__ = "rating"
    __table_args__ = (UniqueConstraint("conversation_id", "target"),)

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    target: Mapped[str] = mapped_column(String(80))
    """reply:<id>, message:<id> or conversation."""
    scale: Mapped[str] = mapped_column(String(8))
    """stars (value 1..5) or thumb (value 1 up, 0 down)."""
    value: Mapped[int] = mapped_column(Integer)
    comment: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


async def erase_conversation(connection: AsyncConnection, conversation_id: str) -> bool:
    """Delete a conversation with its messages, replies and ratings, and what Rasa remembers of it.

    False when there was no such conversation; Rasa's part is deleted all the same.
    """
    found = await connection.execute(delete(Conversation).where(Conversation.id == conversation_id))
    # Rasa's tables exist only where Rasa has run on this database.
    present = await connection.run_sync(_table_names)
    for table in (TrackerEvent, TrackerSnapshot):
        if table.__tablename__ in present:
            await connection.execute(delete(table).where(table.sender_id == conversation_id))
    return found.rowcount > 0


def _table_names(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())
