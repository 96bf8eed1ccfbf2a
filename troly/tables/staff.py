"""Who may use the console: accounts, their roles, sessions, and failed attempts to sign in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Integer, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from troly.tables.base import Base, JsonText, UtcDateTime

_BigId = BigInteger().with_variant(Integer, "sqlite")


class StaffUser(Base):
    """An account. It is disabled, never deleted: the audit names it."""

    __tablename__ = "staff_user"
    __table_args__ = (UniqueConstraint("name"), UniqueConstraint("subject"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    """What is typed to sign in: lower case letters, digits, dots, dashes, underscores."""
    display_name: Mapped[str] = mapped_column(String(120))
    unit: Mapped[str] = mapped_column(String(80), default="", server_default="")
    """The unit whose conversations this person takes over; empty: the common desk."""
    language: Mapped[str] = mapped_column(String(2), default="vi", server_default="vi")
    password: Mapped[str | None] = mapped_column(Text)
    """Argon2id; none: signs in through the OpenID provider only."""
    must_change: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Somebody else chose the password."""
    totp_secret: Mapped[str | None] = mapped_column(Text)
    """Of the app that shows one-time codes, encrypted (troly/privacy.py)."""
    totp_step: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """The 30-second step of the last code that was used: none is taken twice."""
    recovery: Mapped[Any] = mapped_column(JsonText, nullable=True)
    """Hashes of the recovery codes that are left."""
    subject: Mapped[str | None] = mapped_column(String(255))
    """Issuer and subject at the OpenID provider."""
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    signed_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StaffGrant(Base):
    """A role that an account has (console/permissions.py says what it may do)."""

    __tablename__ = "staff_grant"

    user_id: Mapped[str] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(20), primary_key=True)
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    granted_by: Mapped[str] = mapped_column(String(60))


class StaffSession(Base):
    """Somebody who is signed in, or half-way there. The cookie's value is not kept, only its hash."""

    __tablename__ = "staff_session"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of the cookie's value."""
    user_id: Mapped[str] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"), index=True)
    stage: Mapped[str] = mapped_column(String(12))
    """code (a one-time code is due), enrol (has to set one up), password (has to choose one) or full."""
    origin: Mapped[str] = mapped_column(String(10))
    """password or oidc."""
    pending: Mapped[str | None] = mapped_column(Text)
    """The secret that is being enrolled, encrypted."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Idle time counts from here; renewed at most once a minute."""
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """The end, however busy."""


class StaffThrottle(Base):
    """Failed attempts to sign in, by account and by network."""

    __tablename__ = "staff_throttle"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Keyed hash of the account's name or the network's address."""
    failures: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    """Nothing is tried before."""


class SavedFilter(Base):
    """A selection of conversations that somebody wants again."""

    __tablename__ = "saved_filter"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    query: Mapped[str] = mapped_column(Text)
    """As in the page's address."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
