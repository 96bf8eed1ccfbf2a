"""Counts, by day, the messages that a platform counts: also those to citizens who were erased since."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from troly.tables import counts
from troly.tables.counts import Count

COUNTED = frozenset({"zalo_oa", "zalo_bot"})
"""Channels whose platform counts what an account sends."""
CALLED = "called"
"""The kind in daily_count."""


async def called(connection: AsyncConnection, channel: str) -> None:
    """The platform took one message; the last statement of the transaction that records it."""
    if channel in COUNTED:
        await counts.add(connection, [Count(channel, None, CALLED)])
