"""Whom a broadcast is for, which of them can be told now, and why the others cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.broadcasting import reserve
from channels.broadcasting.reserve import Allowance
from channels.outbox import FETCHED
from channels.zalo_oa.windows import FREE, PAID
from troly.clock import now
from troly.settings import Settings
from troly.tables.channels import AddressRow
from troly.tables.controls import BroadcastRefusal, BroadcastTarget
from troly.tables.conversations import Conversation
from troly.tables.delivery import INTERNAL, SENT, WAITING, Inbox, Outbox

REASONS = ("declined", "closed", "window", "allowance")
"""Why somebody cannot be told: they want none; they left or blocked us; Zalo's time is over; what Zalo lets
them be sent free of charge is kept for answers."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a broadcast would come to on one channel."""

    channel: str
    can: int = 0
    """Conversations that can be told, as far as they are concerned."""
    why: dict[str, int] = field(default_factory=dict)
    """Reason -> conversations that cannot."""
    allowance: Allowance | None = None

    @property
    def now(self) -> int:
        """Those that the channel's reserve lets be told."""
        left = self.allowance.left if self.allowance else None
        return self.can if left is None else min(left, self.can)


async def forecast(
    connection: AsyncConnection, settings: Settings, channels: Sequence[str], days: int
) -> list[Reach]:
    """What a broadcast would come to now, for each channel in the order given."""
    moment = now()
    why = why_not(settings, moment).label("why")
    made: Any = _of_address(select(Conversation.channel, why).select_from(Conversation))
    made = made.where(meant(channels, days, moment)).subquery()
    rows = await connection.execute(
        select(made.c.channel, made.c.why, func.count()).group_by(made.c.channel, made.c.why)
    )
    counted = {(channel, reason): number for channel, reason, number in rows}
    return [
        Reach(
            channel,
            counted.get((channel, ""), 0),
            {reason: n for reason in REASONS if (n := counted.get((channel, reason), 0))},
            await reserve.allowance(connection, settings, channel, moment),
        )
        for channel in channels
    ]


async def untold(connection: AsyncConnection, settings: Settings, broadcast_id: int) -> dict[str, int]:
    """Channel -> conversations that were not told and still can be, reserve and night aside."""
    rows = await connection.execute(
        targets(settings, broadcast_id, Conversation.channel, func.count().label("untold")).group_by(
            Conversation.channel
        )
    )
    return {row.channel: row.untold for row in rows}


def targets(settings: Settings, broadcast_id: int, *columns: Any) -> Any:
    """A query over the conversations of a broadcast that were not told and can be."""
    query = select(*columns).join(BroadcastTarget, BroadcastTarget.conversation_id == Conversation.id)
    return _of_address(query).where(
        BroadcastTarget.broadcast_id == broadcast_id,
        BroadcastTarget.told_at.is_(None),
        why_not(settings, now()) == "",
    )


def chosen(settings: Settings, channels: Sequence[str], days: int, moment: datetime, *columns: Any) -> Any:
    """A query over the conversations that a broadcast is for and that can be told."""
    query = _of_address(select(*columns).select_from(Conversation))
    return query.where(meant(channels, days, moment), why_not(settings, moment) == "")


def meant(channels: Sequence[str], days: int, moment: datetime) -> ColumnElement[bool]:
    """Conversations of these channels in which the citizen wrote within so many days."""
    wrote = exists().where(
        Inbox.conversation_id == Conversation.id,
        Inbox.received_at > moment - timedelta(days=days),
        or_(Inbox.payload.is_(None), ~Inbox.payload.startswith(INTERNAL, autoescape=True)),
    )
    recent = Conversation.active_at > moment - timedelta(days=days)
    return and_(Conversation.channel.in_(list(channels)), recent, wrote)


def why_not(settings: Settings, moment: datetime) -> ColumnElement[str]:
    """One of REASONS, or nothing where the conversation can be told."""
    declined = exists().where(BroadcastRefusal.conversation_id == Conversation.id)
    gone = or_(AddressRow.conversation_id.is_(None), AddressRow.closed_at.is_not(None))
    wrote = AddressRow.last_inbound_at
    late = or_(wrote.is_(None), wrote <= moment - (PAID if settings.zalo_oa_paid_window else FREE))
    rules: list[Any] = [
        (declined, "declined"),
        (Conversation.channel.in_(list(FETCHED)), ""),
        (gone, "closed"),
        (Conversation.channel != "zalo_oa", ""),
        (late, "window"),
    ]
    if (most := reserve.free_for_broadcasts(settings)) is not None:
        rules.append((_sent() >= most, "allowance"))
    return case(*((rule, literal(reason)) for rule, reason in rules), else_=literal(""))


def _sent() -> Any:
    """What a citizen was sent since they last wrote, and what waits to be sent to them."""
    parts = case((Outbox.parts_sent > 0, Outbox.parts_sent), else_=1)
    return (
        select(func.coalesce(func.sum(parts), 0))
        .where(
            Outbox.conversation_id == Conversation.id,
            Outbox.created_at >= AddressRow.last_inbound_at,
            Outbox.state.in_((WAITING, SENT)),
        )
        .scalar_subquery()
    )


def _of_address(query: Any) -> Any:
    return query.outerjoin(AddressRow, AddressRow.conversation_id == Conversation.id)
