"""What staff changed about the answers: versions of a text, a guide or an office, and what went live when.

Nothing that is shipped is written over: a release without a version means "as shipped". The running
processes ask for the last release every few seconds (troly/answers/live.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from troly.clock import now
from troly.tables.base import Base, JsonText, UtcDateTime

_BigId = BigInteger().with_variant(Integer, "sqlite")

DRAFT, APPROVED, REFUSED, WITHDRAWN, REWRITTEN = "draft", "approved", "refused", "withdrawn", "rewritten"

_OPEN = text("state = 'draft'")


class AnswerVersion(Base):
    """One wording, as somebody wrote it. Of a thing at most one is a draft."""

    __tablename__ = "answer_version"
    __table_args__ = (
        Index("ix_answer_version_thing", "kind", "key", "id"),
        Index(
            "uq_answer_version_draft", "kind", "key", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
        ),
    )

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(20))
    """response, guide or office."""
    key: Mapped[str] = mapped_column(String(120))
    content: Mapped[Any] = mapped_column(JsonText, nullable=True)
    """The whole thing in both languages (console/answers); null: as shipped."""
    state: Mapped[str] = mapped_column(String(12), default=DRAFT)
    """draft, approved, refused, withdrawn, or rewritten (a later draft took its place)."""
    base: Mapped[int | None] = mapped_column(_BigId)
    """The release that was live when it was written; null: as shipped."""
    restores: Mapped[int | None] = mapped_column(_BigId)
    """The earlier version that it brings back."""
    note: Mapped[str] = mapped_column(Text, default="")
    author: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    decided_by: Mapped[str | None] = mapped_column(String(60))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(Text, default="")
    """Why it was refused, or why somebody approved their own."""


class AnswerRelease(Base):
    """What citizens read from this moment on."""

    __tablename__ = "answer_release"
    __table_args__ = (Index("ix_answer_release_thing", "kind", "key", "id"),)

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(20))
    key: Mapped[str] = mapped_column(String(120))
    version: Mapped[int | None] = mapped_column(
        ForeignKey("answer_version.id", ondelete="RESTRICT"), nullable=True
    )
    """Null: a newly imported list of offices took its place."""
    by: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
