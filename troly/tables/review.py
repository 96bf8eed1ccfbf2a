"""What staff look through: messages worth a look, what they say of them, and what came of it.

For figures: `review_item` rows with `sampled` are a random sample of all typed messages (each with the same
chance, drawn by a keyed hash, before anybody looked). `answer` tells what staff found: right, wrong or
unsure, and null as long as nobody has looked (or two disagree); `language`, `channel` and `at` are the
turn's. Estimate only over days whose sample is mostly looked at: what is still waiting is not random.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    delete,
    false,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from troly.clock import now
from troly.tables.base import Base, UtcDateTime

_BigId = BigInteger().with_variant(Integer, "sqlite")

WAITING = "waiting"
CONFIRM = "confirm"
"""Labelled, and chosen to be labelled by a second person."""
SETTLE = "settle"
"""Two disagree, or nobody is sure: for an editor."""
DONE = "done"


UNMET = "status in ('not_found', 'out_of_scope', 'error', 'none')"
"""The condition, in SQL, that nothing answered a message."""


def _sparse(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class ReviewGroup(Base):
    """Similar messages, which one decision may label."""

    __tablename__ = "review_group"
    __table_args__ = (
        _sparse("ix_review_group_waiting", "rank", "id", where="waiting > 0"),
        Index("ix_review_group_seen_at", "seen_at"),
    )

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    leader: Mapped[str] = mapped_column(String(600))
    """The first message, folded: others are compared with it."""
    kind: Mapped[str] = mapped_column(String(160))
    """What all of them were understood as: language, intent and procedure."""
    waiting: Mapped[int] = mapped_column(Integer, default=0)
    rank: Mapped[int] = mapped_column(Integer, default=0)
    """Higher is shown first."""
    reasons: Mapped[int] = mapped_column(Integer, default=0)
    """Those of the waiting messages together."""
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    """When the newest message joined."""


class ReviewItem(Base):
    """One message worth a look, without personal data."""

    __tablename__ = "review_item"
    __table_args__ = (
        Index("uq_review_item_message_id", "message_id", unique=True),
        Index("ix_review_item_group_id", "group_id", "state"),
        Index("ix_review_item_conversation_id", "conversation_id"),
        Index("ix_review_item_folded", "folded"),
        _sparse("ix_review_item_sampled", "at", where="sampled"),
        _sparse("ix_review_item_open", "state", "id", where="state in ('confirm', 'settle')"),
        # What nothing answered, for the figures (0015_figures).
        _sparse("ix_review_item_unmet", "at", "group_id", where=UNMET),
    )

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("review_group.id", ondelete="CASCADE"))
    message_id: Mapped[str | None] = mapped_column(String(32))
    """The inbox row; emptied, with the words, when the citizen erases the conversation."""
    conversation_id: Mapped[str | None] = mapped_column(String(64))
    turn_id: Mapped[int | None] = mapped_column(_BigId)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    channel: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(8))
    text: Mapped[str] = mapped_column(Text)
    """Masked."""
    folded: Mapped[str] = mapped_column(String(600))
    """troly.learning.folded of the text without what was masked."""
    intent: Mapped[str | None] = mapped_column(String(80))
    """As the assistant understood it; so are the next four."""
    second_intent: Mapped[str | None] = mapped_column(String(80))
    confidence: Mapped[float | None] = mapped_column(Float)
    procedure_code: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(20))
    reasons: Mapped[int] = mapped_column(Integer)
    """See console/review/reasons.py."""
    sampled: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    state: Mapped[str] = mapped_column(String(10), default=WAITING)
    labelled_by: Mapped[str | None] = mapped_column(String(80))
    """Who labelled it first: another person confirms."""
    answer: Mapped[str | None] = mapped_column(String(8))
    """What staff found of the assistant's answer: right, wrong or unsure."""


class ReviewLabel(Base):
    """What one person said of one message. Undone ones stay, with the moment."""

    __tablename__ = "review_label"
    __table_args__ = (
        Index("ix_review_label_item_id", "item_id"),
        Index("ix_review_label_batch", "batch"),
        Index("ix_review_label_author", "author", "id"),
        _sparse("ix_review_label_second", "id", where="stage = 'second'"),
        _sparse("ix_review_label_new_intent", "id", where="verdict = 'new_intent'"),
    )

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("review_item.id", ondelete="CASCADE"))
    batch: Mapped[str] = mapped_column(String(32))
    """One decision, of which each message has its row."""
    stage: Mapped[str] = mapped_column(String(8))
    """first, second or settled."""
    verdict: Mapped[str] = mapped_column(String(16))
    """right, intent, procedure, out_of_scope, new_intent or unsure."""
    intent: Mapped[str | None] = mapped_column(String(80))
    """What the message means, whatever the verdict; for new_intent the name that is proposed."""
    procedure_code: Mapped[str | None] = mapped_column(String(64))
    name: Mapped[str | None] = mapped_column(Text)
    """What citizens call the procedure, where it is not the message itself."""
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Why a new intent is needed."""
    author: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    removed_by: Mapped[str | None] = mapped_column(String(80))


class ReviewLesson(Base):
    """What was taught because of a message's label: undoing the label takes it back."""

    __tablename__ = "review_lesson"
    __table_args__ = (
        Index("ix_review_lesson_item_id", "item_id"),
        Index("ix_review_lesson_row_id", "kind", "row_id"),
    )

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("review_item.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(10))
    """A kind of troly.learning; with a minus sign behind, the row was taken back for what was taught."""
    row_id: Mapped[int] = mapped_column(_BigId)
    made: Mapped[bool] = mapped_column(Boolean)
    """The row was made for this label, rather than found."""
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ReviewCursor(Base):
    """How far the turns have been looked through."""

    __tablename__ = "review_cursor"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    turn_id: Mapped[int] = mapped_column(_BigId)
    looked_at: Mapped[datetime] = mapped_column(UtcDateTime)


async def forget_review(connection: AsyncConnection, conversation_id: str) -> None:
    """What nobody looked at goes; of what was labelled the figures stay, without words or origin."""
    theirs = ReviewItem.conversation_id == conversation_id
    groups = list(await connection.scalars(select(ReviewItem.group_id).where(theirs).distinct()))
    if not groups:
        return
    await connection.execute(delete(ReviewItem).where(theirs, ReviewItem.state == WAITING))
    labelled = select(ReviewItem.id).where(theirs)
    await connection.execute(
        update(ReviewLabel).where(ReviewLabel.item_id.in_(labelled)).values(name=None, note="")
    )
    await connection.execute(
        update(ReviewItem)
        .where(theirs)
        .values(message_id=None, conversation_id=None, turn_id=None, text="", folded="", state=DONE)
    )
    left = (
        select(ReviewItem.folded)
        .where(ReviewItem.group_id == ReviewGroup.id, ReviewItem.folded != "")
        .order_by(ReviewItem.id)
        .limit(1)
    )
    # The group may have been named after their message: then after one that is left.
    rows = await connection.execute(
        select(ReviewGroup.id, left.scalar_subquery()).where(ReviewGroup.id.in_(groups))
    )
    for group_id, leader in rows.all():
        waiting = await connection.scalars(
            select(ReviewItem.id).where(ReviewItem.group_id == group_id, ReviewItem.state == WAITING)
        )
        await connection.execute(
            update(ReviewGroup)
            .where(ReviewGroup.id == group_id)
            .values(leader=leader or "", waiting=len(list(waiting)))
        )
