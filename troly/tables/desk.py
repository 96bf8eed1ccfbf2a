"""What officials keep at the desk: canned answers, and which conversations they see in full."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from troly.tables.base import Base, UtcDateTime

_BigId = BigInteger().with_variant(Integer, "sqlite")


class CannedAnswer(Base):
    """A text that is written often, in both languages; of one official, or of all."""

    __tablename__ = "canned_answer"
    __table_args__ = (Index("ix_canned_answer_owner", "owner"),)

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    owner: Mapped[str] = mapped_column(String(60), default="")
    """The account it belongs to; empty: everyone's."""
    title: Mapped[str] = mapped_column(String(80))
    text_vi: Mapped[str] = mapped_column(Text)
    text_en: Mapped[str] = mapped_column(Text, default="")
    changed_by: Mapped[str] = mapped_column(String(60))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DeskReveal(Base):
    """An official who sees the personal data of a conversation while they hold it; the reason is audited."""

    __tablename__ = "desk_reveal"

    handover_id: Mapped[int] = mapped_column(ForeignKey("handover.id", ondelete="CASCADE"), primary_key=True)
    officer: Mapped[str] = mapped_column(String(60), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
