"""The watcher's steps in the database: who watches, what is due, what the portal told, what to repeat."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import aliased

from portal.following import unfollowed
from portal.telling import COLUMNS, Watched, end_all, payload_of, tell
from troly.clock import VIETNAM, now
from troly.tables import leases
from troly.tables.channels import AddressRow
from troly.tables.conversations import Conversation
from troly.tables.delivery import FAILED, SENT, Inbox, Outbox, enqueue
from troly.tables.notices import Notice, PortalChange, Subscription, Watch, WatchedApplication

NAME = "portal"
_REPEATABLE = timedelta(days=7)
_REPLAY = timedelta(days=1)
"""How long the ids of the webhook's changes are kept, much longer than a signature is accepted."""
_STALE = timedelta(days=90)
"""A result that nobody hands over is followed no longer than this."""


async def lead(engine: AsyncEngine, owner: str, seconds: float) -> bool:
    """Become, or stay, the one process that watches, for this long."""
    async with engine.begin() as connection:
        return await leases.take(connection, f"watch:{NAME}", owner, timedelta(seconds=seconds))


async def place(engine: AsyncEngine) -> tuple[str, str]:
    """How far the feed was read: cursor and ETag."""
    async with engine.connect() as connection:
        query = select(Watch.cursor, Watch.etag).where(Watch.name == NAME)
        row = (await connection.execute(query)).first()
    return (row.cursor, row.etag) if row else ("", "")


async def read_to(
    engine: AsyncEngine, cursor: str, etag: str, codes: Sequence[str], *, everything: bool
) -> int:
    """The feed was read to here: look the followed ones among the codes up now; gives how many."""
    values = {"cursor": cursor, "etag": etag}
    async with engine.begin() as connection:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        await connection.execute(
            dialect.insert(Watch)
            .values(name=NAME, **values)
            .on_conflict_do_update(index_elements=["name"], set_=values)
        )
        due = update(WatchedApplication).values(due_at=now())
        if not everything:
            due = due.where(WatchedApplication.code.in_(codes))
        return (await connection.execute(due)).rowcount


async def take_pushed(engine: AsyncEngine) -> int:
    """What the webhook stored becomes due now; gives how many followed applications."""
    async with engine.begin() as connection:
        taken = await connection.scalars(
            update(PortalChange)
            .where(PortalChange.taken_at.is_(None))
            .values(taken_at=now())
            .returning(PortalChange.code)
        )
        codes = set(taken)
        if not codes:
            return 0
        due = update(WatchedApplication).where(WatchedApplication.code.in_(codes)).values(due_at=now())
        return (await connection.execute(due)).rowcount


async def due(engine: AsyncEngine, limit: int) -> tuple[list[Watched], datetime | None]:
    """The followed applications to look up, those longest due first, and since when the first is."""
    query = (
        select(*COLUMNS, WatchedApplication.due_at)
        .where(WatchedApplication.due_at <= now(), ~unfollowed())
        .order_by(WatchedApplication.due_at)
        .limit(limit)
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return [Watched(*row[:-1]) for row in rows], rows[0].due_at if rows else None


async def unchanged(engine: AsyncEngine, codes: Sequence[str], next_look: datetime) -> None:
    """Looked up, and nothing new."""
    if codes:
        async with engine.begin() as connection:
            await connection.execute(
                update(WatchedApplication)
                .where(WatchedApplication.code.in_(codes))
                .values(due_at=next_look, misses=0)
            )


async def missed(engine: AsyncEngine, known: Watched, next_look: datetime, *, give_up: bool) -> None:
    """The portal did not know it; with `give_up` its followers are told that it is lost."""
    async with engine.begin() as connection:
        noted = await connection.execute(
            update(WatchedApplication)
            .where(WatchedApplication.code == known.code, WatchedApplication.misses == known.misses)
            .values(due_at=next_look, misses=known.misses + 1)
        )
        if give_up and noted.rowcount:
            await tell(connection, known.code, f"lost:{known.version}", "lost", known.state)
            await end_all(connection, known.code, "lost")


async def remind(engine: AsyncEngine, days: Sequence[date], today: date) -> int:
    """Tell those who were not told yet that a result is due on one of these days; gives how many."""
    told = 0
    for day in days:
        begin = datetime(day.year, day.month, day.day, tzinfo=VIETNAM)
        change_id = f"due:{day.isoformat()}"
        # Who began to follow it only today has just read the date.
        before = Subscription.created_at < datetime(today.year, today.month, today.day, tzinfo=VIETNAM)
        reminded = exists().where(Notice.subscription_id == Subscription.id, Notice.change_id == change_id)
        query = (
            select(WatchedApplication.code, WatchedApplication.state)
            .join(Subscription, Subscription.code == WatchedApplication.code)
            .where(
                WatchedApplication.appointment >= begin,
                WatchedApplication.appointment < begin + timedelta(days=1),
                Subscription.ended_at.is_(None),
                before,
                ~reminded,
            )
            .distinct()
        )
        async with engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        for code, state in rows:
            async with engine.begin() as connection:
                # A statement that writes comes first (see channels/store.py).
                await connection.execute(
                    update(WatchedApplication)
                    .where(WatchedApplication.code == code)
                    .values(misses=WatchedApplication.misses)
                )
                told += await tell(connection, code, change_id, "reminder", state, before)
    return told


async def repeat(engine: AsyncEngine) -> int:
    """Notices that a platform refused are said once more after the citizen has written again.

    Only those that surely did not arrive: what a lost connection left open is not repeated.
    """
    delivered = aliased(Outbox)
    query = (
        select(Notice.id, Subscription.conversation_id)
        .join(Subscription, Subscription.id == Notice.subscription_id)
        .join(Conversation, Conversation.id == Subscription.conversation_id)
        .join(AddressRow, AddressRow.conversation_id == Conversation.id)
        .join(Inbox, (Inbox.channel == Conversation.channel) & (Inbox.message_id == "notice:" + Notice.id))
        .join(Outbox, Outbox.inbox_id == Inbox.id)
        .where(
            Notice.created_at > now() - _REPEATABLE,
            Notice.repeated_at.is_(None),
            Outbox.state == FAILED,
            Outbox.repeated == 0,
            Outbox.error.not_like("unknown:%"),
            AddressRow.closed_at.is_(None),
            AddressRow.last_inbound_at > Outbox.created_at,
            ~exists().where(delivered.inbox_id == Inbox.id, delivered.state == SENT),
        )
        .distinct()
        .limit(100)
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    for notice_id, conversation_id in rows:
        async with engine.begin() as connection:
            noted = await connection.execute(
                update(Notice)
                .where(Notice.id == notice_id, Notice.repeated_at.is_(None))
                .values(repeated_at=now())
            )
            if noted.rowcount:
                again = f"notice:{notice_id}:again"
                await enqueue(connection, conversation_id, again, payload_of(notice_id))
    return len(rows)


async def tidy(engine: AsyncEngine) -> None:
    """Let go of what nobody follows, of results that nobody hands over, and of old ids of the webhook."""
    moment = now()
    async with engine.begin() as connection:
        await connection.execute(
            delete(PortalChange).where(
                PortalChange.taken_at.is_not(None), PortalChange.received_at < moment - _REPLAY
            )
        )
        stale = (
            select(WatchedApplication.code)
            .where(WatchedApplication.changed_at < moment - _STALE, WatchedApplication.appointment.is_(None))
            .scalar_subquery()
        )
        await connection.execute(
            update(Subscription)
            .where(Subscription.code.in_(stale), Subscription.ended_at.is_(None))
            .values(ended_at=moment, ended_reason="stale")
        )
        await connection.execute(delete(WatchedApplication).where(unfollowed()))


async def waiting(engine: AsyncEngine) -> int:
    """How many followed applications are due."""
    query = select(func.count()).select_from(WatchedApplication).where(WatchedApplication.due_at <= now())
    async with engine.connect() as connection:
        return await connection.scalar(query) or 0
