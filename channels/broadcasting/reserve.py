"""How much of Zalo's messages a broadcast may use: the rest is kept for answers and notices.

Zalo counts messages by the month, and may count those that one citizen was sent since they last wrote.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.metering import CALLED, COUNTED
from troly.clock import VIETNAM
from troly.settings import Settings
from troly.tables.counts import DailyCount
from troly.tables.delivery import FAILED, WAITING, Outbox

QUOTA = "quota"
"""The error of a reply for which Zalo said that the messages are used up."""
_REMEMBERED = timedelta(days=1)

# Written out, as in the partial indexes: with a bound value the planner would not use them.
_WAITS: ColumnElement[str] = literal_column(f"'{WAITING}'")
_FAILED: ColumnElement[str] = literal_column(f"'{FAILED}'")


@dataclass(frozen=True, slots=True)
class Allowance:
    """A channel's messages of this month."""

    month: int
    """As many as the account may send; 0: no limit is known."""
    used: int
    """Sent, or waiting to be sent."""
    kept: int
    """For answers and notices."""
    refused: bool
    """Within the last day Zalo said for good that they are used up."""
    held: bool
    """Zalo takes no message right now; what was said waits."""

    @property
    def left(self) -> int | None:
        """How many a broadcast may still send; None: no limit is known."""
        if self.refused:
            return 0
        return max(0, self.month - self.kept - self.used) if self.month else None


def month_of(settings: Settings, channel: str) -> int:
    """The messages that the account may send in a month; 0: no limit is known."""
    return {
        "zalo_oa": settings.zalo_oa_monthly_messages,
        "zalo_bot": settings.zalo_bot_monthly_messages,
    }.get(channel, 0)


def kept_of(settings: Settings, messages: int) -> int:
    """The reserve of so many messages, rounded up."""
    return math.ceil(messages * settings.broadcast_reserve)


def free_for_broadcasts(settings: Settings) -> int | None:
    """How many of one citizen's free messages may be used before a broadcast no longer is; None: no limit."""
    if not settings.zalo_oa_free_messages or settings.zalo_oa_paid_window:
        return None
    return settings.zalo_oa_free_messages - kept_of(settings, settings.zalo_oa_free_messages)


async def allowance(
    connection: AsyncConnection, settings: Settings, channel: str, moment: datetime
) -> Allowance | None:
    """How things stand at this moment; None for a channel whose platform does not count."""
    if channel not in COUNTED:
        return None
    waiting = (Outbox.state == _WAITS, Outbox.channel == channel)
    failed = (Outbox.state == _FAILED, Outbox.created_at > moment - _REMEMBERED, Outbox.channel == channel)
    # Each day by its key: a range of days would read all else that was counted on them.
    sent = select(func.coalesce(func.sum(DailyCount.number), 0)).where(
        DailyCount.day.in_(_days(moment)),
        DailyCount.channel == channel,
        DailyCount.language == "",
        DailyCount.kind == CALLED,
    )
    row = (
        await connection.execute(
            select(
                sent.scalar_subquery(),
                select(func.count()).select_from(Outbox).where(*waiting).scalar_subquery(),
                exists().where(*failed, Outbox.error == QUOTA),
                exists().where(*waiting, Outbox.error == QUOTA),
            )
        )
    ).one()
    month = month_of(settings, channel)
    return Allowance(month, row[0] + row[1], kept_of(settings, month), bool(row[2]), bool(row[3]))


def begun(moment: datetime) -> date:
    """The first day of the month in Vietnam, from which Zalo is taken to count."""
    return moment.astimezone(VIETNAM).date().replace(day=1)


def _days(moment: datetime) -> list[date]:
    """Those of the month so far."""
    first, today = begun(moment), moment.astimezone(VIETNAM).date()
    return [first + timedelta(days=number) for number in range((today - first).days + 1)]


def renewed(moment: datetime) -> date:
    """The first day of the next month."""
    return (begun(moment) + timedelta(days=32)).replace(day=1)
