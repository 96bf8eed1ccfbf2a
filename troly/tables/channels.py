"""Where citizens are reached on other platforms, what they sent there, and the platforms' tokens.

What a platform tells about a person is encrypted (troly/privacy.py); `troly db rotate-keys` renews it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Integer, String, Text, UniqueConstraint, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from troly.tables.base import Base, UtcDateTime

_BigId = BigInteger().with_variant(Integer, "sqlite")


class AddressRow(Base):
    """Where the citizen of a conversation is reached: one row for each conversation outside the web."""

    __tablename__ = "address"
    __table_args__ = (UniqueConstraint("lookup"),)

    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True
    )
    lookup: Mapped[str] = mapped_column(String(32))
    """Keyed hash of channel and platform id, under the newest key: how a message finds its conversation."""
    external_id: Mapped[str] = mapped_column(Text)
    """The platform's id of the chat, encrypted."""
    display_name: Mapped[str | None] = mapped_column(Text)
    """As the platform told it, encrypted."""
    last_inbound_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the citizen last wrote: platforms allow answers for a while after."""
    welcomed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the privacy notice was put before the first answer; none: it is still owed."""
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Since when nothing can be sent: the citizen left or blocked the account. Ends when they write."""
    closed_reason: Mapped[str | None] = mapped_column(String(80))


class MediaRow(Base):
    """A picture or recording that is kept for a conversation; the content lies in DATA_DIR/media."""

    __tablename__ = "media"
    __table_args__ = (UniqueConstraint("sha256", "conversation_id"),)

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    sha256: Mapped[str] = mapped_column(String(64))
    """Of the content: its file's name."""
    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversation.id", ondelete="CASCADE"), index=True
    )
    mime: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(Integer)
    """Bytes."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PlatformToken(Base):
    """Access to a platform whose tokens change: the newest pair, and who is renewing it."""

    __tablename__ = "platform_token"

    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    access_token: Mapped[str | None] = mapped_column(Text)
    """Encrypted, as is refresh_token."""
    refresh_token: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the access token ends."""
    refreshed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """One process renews at a time; after this another may."""
    lease_owner: Mapped[str | None] = mapped_column(String(64))


async def media_files(connection: AsyncConnection, conversation_id: str) -> list[str]:
    """The files of a conversation's media, to be deleted when its erasure is committed."""
    rows = await connection.execute(
        select(MediaRow.sha256).where(MediaRow.conversation_id == conversation_id)
    )
    return [str(name) for (name,) in rows]
