"""One row for each finished turn: what the console lists, filters, searches and counts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Float,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    false,
    func,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from troly.masking import without
from troly.tables.base import Base, UtcDateTime, created_with
from troly.tables.delivery import Outbox
from troly.text import fold, squeeze

_BigId = BigInteger().with_variant(Integer, "sqlite")

WORDS = 600
"""Letters of a message that are searched."""


def _sparse(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class Turn(Base):
    """What one message of a citizen came to. Ids grow with time: lists are in their order."""

    __tablename__ = "turn"
    __table_args__ = (
        UniqueConstraint("conversation_id", "number"),
        Index("ix_turn_at", "at"),
        Index("ix_turn_channel", "channel", "id"),
        Index("ix_turn_language", "language", "id"),
        Index("ix_turn_intent", "intent", "id"),
        Index("ix_turn_status", "status", "id"),
        _sparse("ix_turn_procedure_code", "procedure_code", "id", where="procedure_code is not null"),
        _sparse("ix_turn_commune", "commune", "id", where="commune is not null"),
        _sparse("ix_turn_rating", "rating", "id", where="rating is not null"),
        _sparse("ix_turn_handed_over", "id", where="handed_over"),
        # What is worth a look is unsure: a list of the least sure ones need not read the rest.
        _sparse("ix_turn_unsure", "id", where="confidence < 0.5"),
    )

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    """The message's number in its conversation."""
    message_id: Mapped[str] = mapped_column(String(32))
    """The inbox row, where the text is."""
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When the answer was stored."""
    channel: Mapped[str] = mapped_column(String(20))
    language: Mapped[str | None] = mapped_column(String(8))
    intent: Mapped[str | None] = mapped_column(String(80))
    confidence: Mapped[float | None] = mapped_column(Float)
    """Of the intent, 0..1; none for a button, and where nothing was understood."""
    second_intent: Mapped[str | None] = mapped_column(String(80))
    """What the encoder alone made of it, where it was asked and the words alone said another."""
    procedure_code: Mapped[str | None] = mapped_column(String(64))
    aspect: Mapped[str | None] = mapped_column(String(20))
    decision: Mapped[str | None] = mapped_column(String(12))
    """Of the procedure finder: answer, choose, not_found or none."""
    commune: Mapped[str | None] = mapped_column(String(80))
    """Named in the message."""
    status: Mapped[str] = mapped_column(String(20))
    """How the answer ended; "none" where an answer had no record."""
    ms: Mapped[int] = mapped_column(Integer)
    """From the message's arrival to the stored answer."""
    handed_over: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """An official was asked, in this turn or before."""
    pressed: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """A button, not words."""
    rating: Mapped[int | None] = mapped_column(SmallInteger)
    """What the citizen thought: 1 good, 0 so-so, -1 bad."""
    words: Mapped[str | None] = mapped_column(Text)
    """The message, folded, without personal data: for searching."""


SQLITE_SEARCH = (
    "CREATE VIRTUAL TABLE turn_search USING fts5(words, content='turn', content_rowid='id', "
    "tokenize='unicode61')",
    "CREATE TRIGGER turn_search_added AFTER INSERT ON turn WHEN new.words IS NOT NULL BEGIN "
    "INSERT INTO turn_search(rowid, words) VALUES (new.id, new.words); END",
    "CREATE TRIGGER turn_search_removed AFTER DELETE ON turn WHEN old.words IS NOT NULL BEGIN "
    "INSERT INTO turn_search(turn_search, rowid, words) VALUES ('delete', old.id, old.words); END",
    "CREATE TRIGGER turn_search_changed AFTER UPDATE OF words ON turn BEGIN "
    "INSERT INTO turn_search(turn_search, rowid, words) "
    "SELECT 'delete', old.id, old.words WHERE old.words IS NOT NULL; "
    "INSERT INTO turn_search(rowid, words) SELECT new.id, new.words WHERE new.words IS NOT NULL; END",
)
POSTGRESQL_SEARCH = (
    "ALTER TABLE turn ADD COLUMN turn_search tsvector "
    "GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, words)) STORED",
    "CREATE INDEX turn_search_words ON turn USING gin (turn_search)",
)
"""The full-text index, the same as in the migration; migrations leave names in turn_search alone."""

created_with(Turn.__table__, "sqlite", SQLITE_SEARCH)
created_with(Turn.__table__, "postgresql", POSTGRESQL_SEARCH)


def searchable(message: str) -> str | None:
    """The message as Turn.words: folded, nothing personal, no signs, so that both databases part it alike."""
    letters = "".join(letter if letter.isalnum() else " " for letter in fold(without(message)))
    return squeeze(letters)[:WORDS] or None


async def rated(
    connection: AsyncConnection,
    conversation_id: str,
    value: int,
    scale: str,
    *,
    reply: int | None = None,
    message_id: str | None = None,
) -> None:
    """Put a citizen's rating on the turn it is about, the last one where it is about all of them.

    `reply` is the number of an outbox row, `message_id` the id of an inbox row.
    """
    opinion = (1 if value else -1) if scale == "thumb" else (value > 3) - (value < 3)
    mine = Turn.conversation_id == conversation_id
    if message_id is None and reply is not None:
        about: Any = Turn.message_id == (
            select(Outbox.inbox_id)
            .where(Outbox.conversation_id == conversation_id, Outbox.number == reply)
            .scalar_subquery()
        )
    elif message_id is not None:
        about = Turn.message_id == message_id
    else:
        last = select(func.max(Turn.number)).where(mine).scalar_subquery()
        about = Turn.number == last
    await connection.execute(update(Turn).where(mine, about).values(rating=opinion))
