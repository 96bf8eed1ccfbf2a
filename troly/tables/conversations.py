"""Conversations with citizens and what citizens thought of the answers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    ForeignKey,
    Integer,
    String,
    Text,
    UniqueConstraint,
    delete,
    false,
    inspect,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from troly.tables import counts
from troly.tables.base import Base, UtcDateTime
from troly.tables.checklists import Checklist
from troly.tables.counts import Count
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
    awaits_secret: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """The last answer asked for what must not be kept: the next message is masked once it is answered."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    active_at: Mapped[datetime] = mapped_column(UtcDateTime)
    handover: Mapped[str | None] = mapped_column(String(10))
    """Who answers: none, the assistant; waiting, the assistant until an official comes; staff, only they.
    Stands here and not only in `handover`, because whoever stores a message or an answer locks this row."""


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
    reason: Mapped[str | None] = mapped_column(String(20))
    """Why it was bad: wrong_procedure, wrong_information, hard_to_understand or other."""
    comment: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


STAFF = "staff"
"""Conversation.handover: officials hold it, and the assistant is silent."""


async def count_ratings(connection: AsyncConnection, conversation_id: str) -> None:
    """Keep the figures of a conversation's ratings, which go with it."""
    rows = await connection.execute(
        select(Conversation.channel, Conversation.language, Rating.scale, Rating.value, Rating.created_at)
        .join(Conversation, Conversation.id == Rating.conversation_id)
        .where(Rating.conversation_id == conversation_id)
    )
    await counts.add(
        connection,
        [
            Count(channel, language, "rating", scale, str(value), day)
            for channel, language, scale, value, day in rows
        ],
    )


async def forget_dialogue(connection: AsyncConnection, conversation_id: str) -> None:
    """Delete what Rasa remembers of a conversation, and the checklists that its actions made."""
    # Rasa's tables exist only where Rasa has run on this database.
    present = await connection.run_sync(_table_names)
    for table in (TrackerEvent, TrackerSnapshot, Checklist):
        if table.__tablename__ in present:
            await connection.execute(delete(table).where(table.sender_id == conversation_id))


def _table_names(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())
