"""Field reports and complaints: kept from the moment they are confirmed, sent to the portal, followed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    case,
    exists,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from troly.tables.base import Base, JsonText, UtcDateTime

WAITING = "waiting"
SENT = "sent"
CLOSED = "closed"
REFUSED = "refused"
WITHDRAWN = "withdrawn"


class Report(Base):
    """One report or complaint. Its id is also the key under which the portal takes it once only."""

    __tablename__ = "report"
    __table_args__ = (
        UniqueConstraint("receipt"),
        Index("ix_report_conversation_id", "conversation_id"),
        Index("ix_report_ticket", "ticket"),
        # What the sender and the follower look for; closed rows are not in it.
        Index(
            "ix_report_due",
            "due_at",
            sqlite_where=text("state IN ('waiting', 'sent')"),
            postgresql_where=text("state IN ('waiting', 'sent')"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    receipt: Mapped[str] = mapped_column(String(20))
    """Our own number, told at once: TL-261122-482913."""
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversation.id", ondelete="SET NULL"))
    """None once the conversation was erased; then only what can be counted is left."""
    kind: Mapped[str] = mapped_column(String(12))
    """report or complaint."""
    category: Mapped[str] = mapped_column(String(30))
    """An id of actions/data/report_categories.yml; complaint."""
    content: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text, default="")
    """As the citizen wrote it; of a complaint the office."""
    happened: Mapped[str] = mapped_column(Text, default="")
    """Of a complaint: when, in the citizen's words."""
    commune_code: Mapped[str] = mapped_column(String(8), default="")
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)
    photos: Mapped[Any] = mapped_column(JsonText)
    """Names of files in DATA_DIR/media."""
    contact: Mapped[str | None] = mapped_column(Text)
    """The citizen's phone number, encrypted (troly/privacy.py)."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    state: Mapped[str] = mapped_column(String(10))
    """waiting (to be sent), sent (followed until it is answered), closed, refused by the portal, or
    withdrawn (erased before it was sent)."""
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When to send it or to ask about it; taking it moves this on, so that nobody else takes it."""
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    error: Mapped[str | None] = mapped_column(String(80))
    """Why the last try failed; never a citizen's words."""
    ticket: Mapped[str | None] = mapped_column(String(60))
    """The portal's code."""
    status: Mapped[str] = mapped_column(String(12), default="")
    """At the portal: received, processing, answered or rejected."""
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_by: Mapped[str] = mapped_column(Text, default="")
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the portal last changed its status."""


async def erase_reports(connection: AsyncConnection, conversation_id: str) -> None:
    """Make a conversation's reports anonymous: contact, place, words and photos go, what is counted stays.

    What was not sent yet is never sent. For troly/erasure.py.
    """
    await connection.execute(
        update(Report)
        .where(Report.conversation_id == conversation_id)
        .values(
            conversation_id=None,
            content="",
            address="",
            happened="",
            latitude=None,
            longitude=None,
            photos=[],
            contact=None,
            answer="",
            ticket=None,
            state=case((Report.state == WAITING, WITHDRAWN), else_=CLOSED),
        )
    )


def keeps_conversation(conversation_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a conversation (a column of ids) has a report, and so is kept longer."""
    return exists().where(Report.conversation_id == conversation_id)
