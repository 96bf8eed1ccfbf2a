"""Who waits for an official, whom which official serves, and who is at the desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from console.permissions import GRANTS, Permission
from troly.clock import now
from troly.tables.conversations import Conversation
from troly.tables.delivery import HELD as FOR_STAFF
from troly.tables.delivery import INTERNAL, Inbox
from troly.tables.handover import HELD, MESSAGE, PRESENT, WAITING, DeskPresence, Handover
from troly.tables.staff import StaffGrant, StaffUser

_MOST = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """A citizen who waits for an official or is being served."""

    id: int
    conversation_id: str
    channel: str
    language: str | None
    state: str
    unit: str
    asked_at: datetime
    claimed_by: str | None
    active_at: datetime | None
    last: str | None
    """What the citizen wrote last."""
    unread: int
    """Messages that no official has answered."""

    def minutes(self, moment: datetime) -> int:
        """How long they have been waiting."""
        return max(0, int((moment - self.asked_at).total_seconds() // 60))


@dataclass(frozen=True, slots=True)
class Queue:
    """The desk as one official sees it."""

    mine: list[Asked]
    waiting: list[Asked]
    """Those of the official's own unit and of the common desk first, the longest waiting first."""
    others: list[Asked]
    """Served by colleagues."""
    messages: int
    """Left and not settled."""
    present: list[str]


@dataclass(frozen=True, slots=True)
class Colleague:
    """An official to whom a conversation can be passed."""

    name: str
    display_name: str
    unit: str
    present: bool


async def read(connection: AsyncConnection, officer: str, unit: str) -> Queue:
    """Everything the desk's first page shows."""
    mine_of = Inbox.conversation_id == Handover.conversation_id
    last = (
        select(Inbox.text)
        .where(mine_of, Inbox.text.is_not(None))
        .order_by(Inbox.number.desc())
        .limit(1)
        .correlate(Handover)
        .scalar_subquery()
    )
    unread = (
        select(func.count())
        .select_from(Inbox)
        .where(mine_of, Inbox.state == FOR_STAFF, Inbox.finished_at.is_(None))
        .correlate(Handover)
        .scalar_subquery()
    )
    rows = await connection.execute(
        select(
            Handover.id,
            Handover.conversation_id,
            Conversation.channel,
            Conversation.language,
            Handover.state,
            Handover.unit,
            Handover.asked_at,
            Handover.claimed_by,
            Handover.active_at,
            last,
            unread,
        )
        .join(Conversation, Conversation.id == Handover.conversation_id)
        .where(Handover.state.in_((WAITING, HELD)))
        .order_by(Handover.asked_at)
        .limit(_MOST)
    )
    asked = [Asked(*row) for row in rows]
    waiting = [one for one in asked if one.state == WAITING]
    waiting.sort(key=lambda one: (one.unit not in ("", unit), one.asked_at))
    messages = await connection.scalar(
        select(func.count()).select_from(Handover).where(Handover.state == MESSAGE)
    )
    present = await connection.scalars(
        select(DeskPresence.officer)
        .where(DeskPresence.seen_at > now() - PRESENT)
        .order_by(DeskPresence.officer)
    )
    return Queue(
        [one for one in asked if one.state == HELD and one.claimed_by == officer],
        waiting,
        [one for one in asked if one.state == HELD and one.claimed_by != officer],
        messages or 0,
        list(present),
    )


async def colleagues(connection: AsyncConnection, but: str) -> list[Colleague]:
    """The officials who may take conversations, those at the desk first."""
    roles = [role.value for role, granted in GRANTS.items() if Permission.HANDOVER_TAKE in granted]
    rows = await connection.execute(
        select(StaffUser.name, StaffUser.display_name, StaffUser.unit, DeskPresence.seen_at)
        .outerjoin(DeskPresence, DeskPresence.officer == StaffUser.name)
        .where(
            StaffUser.disabled_at.is_(None),
            StaffUser.name != but,
            StaffUser.id.in_(select(StaffGrant.user_id).where(StaffGrant.role.in_(roles))),
        )
        .order_by(StaffUser.display_name)
    )
    since = now() - PRESENT
    found = [
        Colleague(name, display_name, unit, bool(seen_at and seen_at > since))
        for name, display_name, unit, seen_at in rows
    ]
    return sorted(found, key=lambda one: not one.present)


async def units(connection: AsyncConnection) -> list[str]:
    """The units that officials belong to."""
    rows = await connection.scalars(
        select(StaffUser.unit)
        .where(StaffUser.unit != "", StaffUser.disabled_at.is_(None))
        .distinct()
        .order_by(StaffUser.unit)
    )
    return list(rows)


async def newest_message(connection: AsyncConnection, conversation_id: str) -> tuple[int, str | None]:
    """Number and words of the last thing the citizen wrote."""
    row = (
        await connection.execute(
            select(Inbox.number, Inbox.text)
            .where(
                Inbox.conversation_id == conversation_id,
                Inbox.text.is_not(None),
                Inbox.secret.is_(False),
                Inbox.payload.is_(None) | ~Inbox.payload.startswith(INTERNAL, autoescape=True),
            )
            .order_by(Inbox.number.desc())
            .limit(1)
        )
    ).first()
    return (row.number, row.text) if row else (0, None)
