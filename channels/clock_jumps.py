"""When the machine's clock is set: what was put off in a time that is no longer ahead of us.

A clock that is set back leaves claims and pauses that end in a far future, and a conversation would wait for
it. Here they are made due again. (A clock that leaps ahead ends claims early, which is what happens when a
worker dies: another takes over, and only one answer is stored.)
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import or_, select, update

from channels.store import Store
from troly.clock import now
from troly.tables.delivery import WAITING, Inbox, Outbox
from troly.tables.leases import Lease

log = structlog.get_logger("clock")

FAR = timedelta(minutes=2)
"""No claim and no pause of a message is so long; nor is a reply written so far in the future."""
LONGEST_LEASE = timedelta(hours=2)
DOUBTFUL = timedelta(days=1)
"""Without an hourly run: the program was off, or the clock leapt."""
_BUSY = timedelta(seconds=30)
"""Longer than a call that is being made at this moment."""


async def mend(store: Store) -> int:
    """Make due what waits for a moment that a jump of the clock put far away; gives how much that was."""
    moment = now()
    late = moment + FAR
    async with store.write() as connection:
        messages = await connection.execute(
            update(Inbox).where(Inbox.state == WAITING, Inbox.due_at > late).values(due_at=moment + _BUSY)
        )
        # A reply may be held for the night, or for a platform's limit; not one that is being sent, nor one
        # that comes from the future.
        replies = await connection.execute(
            update(Outbox)
            .where(
                Outbox.state == WAITING,
                Outbox.due_at > late,
                or_(Outbox.claim.is_not(None), Outbox.created_at > late),
            )
            .values(due_at=moment + _BUSY)
        )
        leases = await connection.execute(
            update(Lease).where(Lease.until > moment + LONGEST_LEASE).values(until=moment)
        )
    mended = int(messages.rowcount + replies.rowcount + leases.rowcount)
    if mended:
        log.warning(
            "clock_was_set_back",
            messages=messages.rowcount,
            replies=replies.rowcount,
            leases=leases.rowcount,
        )
    return mended


async def last_taken(store: Store, lease: str) -> datetime | None:
    """Until when a lease was taken last; None where it never was."""
    async with store.read() as connection:
        until: datetime | None = await connection.scalar(select(Lease.until).where(Lease.name == lease))
        return until
