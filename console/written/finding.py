"""Which conversations are a citizen's: by what a letter can name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Text, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from troly.erasure import holdings
from troly.privacy import Keyring
from troly.tables.channels import AddressRow
from troly.tables.conversations import Conversation
from troly.tables.delivery import Inbox
from troly.tables.handover import Handover
from troly.tables.notices import Subscription
from troly.tables.reports import Report
from troly.tables.tracker import TrackerSnapshot
from troly.tables.verification import VerificationAttempt

_CODE = re.compile(r"\b[A-Z]\d{2}[.\w]*-\d{6}-\d{3,5}\b")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the letter names."""

    conversations: tuple[str, ...] = ()
    channel: str = ""
    user: str = ""
    application: str = ""
    phone: str = ""


@dataclass(slots=True)
class Found:
    """One conversation, and how much there is of it."""

    id: str
    channel: str
    created_at: datetime
    active_at: datetime
    why: set[str] = field(default_factory=set)
    """user, application, phone or conversation: by what it was found."""
    holdings: dict[str, int] = field(default_factory=dict)
    """Table -> rows."""


async def find(connection: AsyncConnection, keyring: Keyring, asked: Asked) -> list[Found]:
    """The conversations that what is asked leads to, the newest first."""
    why: dict[str, set[str]] = {}
    for name, ids in (
        ("conversation", asked.conversations),
        ("user", await _by_user(connection, keyring, asked) if asked.user else ()),
        ("application", await _by_application(connection, keyring, asked) if asked.application else ()),
        ("phone", await _by_phone(connection, keyring, asked.phone) if asked.phone else ()),
    ):
        for identity in ids:
            why.setdefault(identity, set()).add(name)
    rows = await connection.execute(
        select(Conversation.id, Conversation.channel, Conversation.created_at, Conversation.active_at)
        .where(Conversation.id.in_(why))
        .order_by(Conversation.active_at.desc())
    )
    found = [Found(*row, why=why[row.id]) for row in rows]
    for one in found:
        one.holdings = await holdings(connection, one.id)
    return found


async def _by_user(connection: AsyncConnection, keyring: Keyring, asked: Asked) -> Iterable[str]:
    lookups = keyring.hashes(asked.channel, asked.user)
    return await connection.scalars(select(AddressRow.conversation_id).where(AddressRow.lookup.in_(lookups)))


async def _by_application(connection: AsyncConnection, keyring: Keyring, asked: Asked) -> set[str]:
    """Who follows it, still has it in mind, or has looked it up (the audit has hashes only)."""
    code = asked.application
    found = set(
        await connection.scalars(select(Subscription.conversation_id).where(Subscription.code == code))
    )
    slots = type_coerce(TrackerSnapshot.slots, Text)
    found |= set(
        await connection.scalars(
            select(TrackerSnapshot.sender_id).where(slots.contains(code, autoescape=True))
        )
    )
    hashed = set(
        await connection.scalars(
            select(VerificationAttempt.conversation).where(
                VerificationAttempt.code.in_(keyring.hashes("application", code))
            )
        )
    )
    if hashed:
        everybody = await connection.scalars(select(Conversation.id))
        found |= {one for one in everybody if hashed.intersection(keyring.hashes("conversation", one))}
    return found


async def _by_phone(connection: AsyncConnection, keyring: Keyring, phone: str) -> set[str]:
    """Where it was left to be called, or stands in a message that is not masked yet."""
    wanted, found = national(phone), set()
    for table in (Handover, Report):
        query: Any = select(table.conversation_id, table.contact).where(
            table.contact.is_not(None), table.conversation_id.is_not(None)
        )
        for identity, contact in await connection.execute(query):
            if national(keyring.decrypt(contact)) == wanted:
                found.add(identity)
    written = await connection.execute(
        select(Inbox.conversation_id, Inbox.text).where(Inbox.identifying, Inbox.text.is_not(None))
    )
    for identity, text in written:
        if wanted in re.sub(r"(?<=\d)[\s.()\-]+(?=\d)", "", (text or "").replace("+84", "0")):
            found.add(identity)
    return found


def national(phone: str) -> str:
    """A phone number's digits as they are dialled in Vietnam."""
    digits = re.sub(r"\D", "", phone)
    return "0" + digits[2:] if digits.startswith("84") and len(digits) >= 11 else digits
