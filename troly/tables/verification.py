"""The audit of look-ups and of attempts to prove that an application is one's own; rows are only added."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from troly.tables.base import Base, UtcDateTime

_BigId = BigInteger().with_variant(Integer, "sqlite")


class VerificationAttempt(Base):
    """One step. Whoever and whatever it was about stands here only as a keyed hash; the factor never does."""

    __tablename__ = "verification_attempt"
    __table_args__ = (
        Index("ix_verification_attempt_conversation", "conversation", "at"),
        Index("ix_verification_attempt_visitor", "visitor", "at"),
        Index("ix_verification_attempt_code", "code", "at"),
        Index("ix_verification_attempt_at", "at"),
    )

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    conversation: Mapped[str] = mapped_column(String(32))
    visitor: Mapped[str | None] = mapped_column(String(32))
    """The address that a visitor of the website came from; none elsewhere."""
    code: Mapped[str] = mapped_column(String(32))
    outcome: Mapped[str] = mapped_column(String(12))
    """lookup (by code alone); started, then verified, refused or unavailable; locked (not even started)."""
    at: Mapped[datetime] = mapped_column(UtcDateTime)
