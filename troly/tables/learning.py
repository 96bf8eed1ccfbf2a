"""What staff taught the assistant: examples for training, names of procedures, the living test set.

Written by the console (review, answers); read by training, the procedure finder and evaluation. Texts are
without personal data (troly.masking) before they come here. A row that is taken back stays, with the
moment, so that every model's data can be told afterwards.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, String, Text, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from troly.clock import now
from troly.tables.base import Base, UtcDateTime
from troly.tables.delivery import Inbox

_BigId = BigInteger().with_variant(Integer, "sqlite")


def _once(name: str, *columns: str) -> Index:
    """Unique among the rows that were not taken back."""
    live = text("removed_at is null")
    return Index(name, *columns, unique=True, sqlite_where=live, postgresql_where=live)


class LearnedExample(Base):
    """A message that the next training learns from."""

    __tablename__ = "learned_example"
    __table_args__ = (_once("uq_learned_example_live", "folded"),)

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    text: Mapped[str] = mapped_column(Text)
    folded: Mapped[str] = mapped_column(String(600))
    """troly.learning.folded of the text: one example a message, however it was accented."""
    language: Mapped[str] = mapped_column(String(8))
    intent: Mapped[str] = mapped_column(String(80))
    message_id: Mapped[str | None] = mapped_column(String(32))
    """The inbox row it came from; emptied when the citizen erases the conversation."""
    author: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LearnedName(Base):
    """What citizens call a procedure; the finder knows it at once."""

    __tablename__ = "learned_name"
    __table_args__ = (_once("uq_learned_name_live", "procedure_code", "folded"),)

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    procedure_code: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(Text)
    folded: Mapped[str] = mapped_column(String(600))
    message_id: Mapped[str | None] = mapped_column(String(32))
    """The inbox row it came from, if any; emptied when the citizen erases the conversation."""
    author: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class HeldOut(Base):
    """A labelled message that is never trained on: the living test set."""

    __tablename__ = "held_out"
    __table_args__ = (_once("uq_held_out_live", "folded"),)

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    text: Mapped[str] = mapped_column(Text)
    folded: Mapped[str] = mapped_column(String(600))
    language: Mapped[str] = mapped_column(String(8))
    intent: Mapped[str] = mapped_column(String(80))
    procedure_code: Mapped[str | None] = mapped_column(String(64))
    message_id: Mapped[str | None] = mapped_column(String(32))
    author: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


async def forget_origin(connection: AsyncConnection, conversation_id: str) -> None:
    """What was learned stays, without personal data; where it came from does not."""
    theirs = select(Inbox.id).where(Inbox.conversation_id == conversation_id)
    for table in (LearnedExample, LearnedName, HeldOut):
        await connection.execute(update(table).where(table.message_id.in_(theirs)).values(message_id=None))
