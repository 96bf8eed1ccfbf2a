"""A database with conversations, and what they were told."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from troly.clock import now
from troly.database import async_engine, engine
from troly.tables import Base
from troly.tables.conversations import Conversation
from troly.tables.delivery import Inbox
from troly.tables.notices import Notice, Subscription


def make_database(path: Path) -> str:
    """The address of a new SQLite database with all tables."""
    url = f"sqlite:///{path}"
    made = engine(url)
    Base.metadata.create_all(made)
    made.dispose()
    return url


def open_database(url: str) -> AsyncEngine:
    """An engine for it; the test disposes of it."""
    return async_engine(url)


async def meet(database: AsyncEngine, *names: str, channel: str = "web") -> None:
    """Store conversations."""
    rows = [{"id": name, "channel": channel, "created_at": now(), "active_at": now()} for name in names]
    async with database.begin() as connection:
        await connection.execute(insert(Conversation), rows)


async def told(database: AsyncEngine) -> list[tuple[str, str, str, int]]:
    """Every notice that lies in an inbox: conversation, code, kind, status."""
    query = (
        select(Inbox.conversation_id, Subscription.code, Notice.kind, Notice.state)
        .join(Notice, Inbox.message_id == "notice:" + Notice.id)
        .join(Subscription, Subscription.id == Notice.subscription_id)
        .where(Inbox.conversation_id == Subscription.conversation_id, Inbox.payload.contains(Notice.id))
        .order_by(Inbox.received_at, Inbox.id)
    )
    async with database.connect() as connection:
        rows = (await connection.execute(query)).all()
    return [(name, code, kind, state["status"]) for name, code, kind, state in rows]
