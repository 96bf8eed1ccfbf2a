"""Who follows which application: begun with the citizen's consent, listed, ended by a word."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import exists, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from portal.changes import UNSEEN, appointment, unseen
from portal.models import Application
from portal.telling import catch_up
from troly.clock import now
from troly.tables.conversations import Conversation
from troly.tables.notices import Notice, Subscription, WatchedApplication

MOST = 10
"""Applications that one conversation may follow."""


@dataclass(frozen=True, slots=True)
class Followed:
    """One application that a conversation follows, as it was when last looked up."""

    code: str
    procedure_name: str
    status: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """What a notice is about: see troly.tables.notices.Notice."""

    code: str
    kind: str
    state: dict[str, Any]
    running: bool
    """Whether the application is still followed."""


Begun = Literal["started", "already", "full", "gone"]
"""gone: the conversation is not, or no longer, stored."""


class Following:
    """The followed applications of all conversations."""

    def __init__(self, engine: AsyncEngine, *, minutes: float) -> None:
        """`minutes`: NOTICE_POLL_MINUTES, over which first look-ups are spread. The caller disposes of it."""
        self._engine = engine
        self._minutes = minutes

    async def begin(self, conversation_id: str, application: Application) -> Begun:
        """Follow an application that was just looked up."""
        # Told from here on: whoever follows it already learns now what this look-up found.
        await catch_up(self._engine, application)
        return await self._begin(conversation_id, application)

    async def begin_unseen(self, conversation_id: str, code: str) -> tuple[Begun, int]:
        """Follow an application that the portal would not show just now, and its status when last looked up.

        UNSEEN where nobody has followed it yet: then what the portal shows first is told.
        """
        begun = await self._begin(conversation_id, unseen(code))
        query = select(WatchedApplication.state).where(WatchedApplication.code == code)
        async with self._engine.connect() as connection:
            state = await connection.scalar(query)
        return begun, int(state["status"]) if state else UNSEEN

    async def _begin(self, conversation_id: str, application: Application) -> Begun:
        moment = now()
        try:
            async with self._engine.begin() as connection:
                held = await connection.execute(
                    update(Conversation).where(Conversation.id == conversation_id).values(active_at=moment)
                )
                if not held.rowcount:
                    return "gone"
                codes = set(await connection.scalars(_running(conversation_id, Subscription.code)))
                if application.code in codes or len(codes) >= MOST:
                    return "already" if application.code in codes else "full"
                await connection.execute(
                    insert(Subscription).values(
                        id=uuid.uuid4().hex,
                        conversation_id=conversation_id,
                        code=application.code,
                        procedure_name=application.procedure_name,
                        created_at=moment,
                    )
                )
                await self._watch(connection, application, moment)
        except IntegrityError:  # the same wish twice at the same moment
            return "already"
        return "started"

    async def of(self, conversation_id: str) -> list[Followed]:
        """What a conversation follows, oldest first."""
        columns = (Subscription.code, Subscription.procedure_name, WatchedApplication.state)
        query = _running(conversation_id, *columns, Subscription.created_at)
        query = query.join(WatchedApplication, WatchedApplication.code == Subscription.code)
        async with self._engine.connect() as connection:
            rows = await connection.execute(query.order_by(Subscription.created_at))
            return [Followed(code, name, int(state["status"]), at) for code, name, state, at in rows]

    async def end(self, conversation_id: str, code: str | None = None) -> int:
        """Follow no longer: one application, or all of them (None). Gives how many there were."""
        ending = (
            update(Subscription)
            .where(Subscription.conversation_id == conversation_id, Subscription.ended_at.is_(None))
            .values(ended_at=now(), ended_reason="citizen")
        )
        if code:
            ending = ending.where(Subscription.code == code)
        async with self._engine.begin() as connection:
            return (await connection.execute(ending)).rowcount

    async def told(self, notice_id: str, conversation_id: str) -> Told | None:
        """A notice of this conversation."""
        query = (
            select(Subscription.code, Notice.kind, Notice.state, Subscription.ended_at.is_(None))
            .join(Subscription, Subscription.id == Notice.subscription_id)
            .where(Notice.id == notice_id, Subscription.conversation_id == conversation_id)
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        return Told(*row) if row else None

    async def _watch(self, connection: AsyncConnection, application: Application, moment: datetime) -> None:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        # One that was just looked up need not be looked at again at once: that spreads the load.
        wait = timedelta(minutes=random.uniform(0, self._minutes))  # noqa: S311
        if application.status == UNSEEN:
            wait = timedelta()
        await connection.execute(
            dialect.insert(WatchedApplication)
            .values(
                code=application.code,
                state=application.to_dict(),
                version=1,
                changed_at=moment,
                due_at=moment + wait,
                misses=0,
                appointment=appointment(application),
            )
            .on_conflict_do_nothing()
        )


def _running(conversation_id: str, *columns: Any) -> Any:
    return select(*columns).where(
        Subscription.conversation_id == conversation_id, Subscription.ended_at.is_(None)
    )


async def count(engine: AsyncEngine) -> int:
    """How many subscriptions run."""
    query = select(func.count()).select_from(Subscription).where(Subscription.ended_at.is_(None))
    async with engine.connect() as connection:
        return await connection.scalar(query) or 0


def unfollowed() -> Any:
    """The condition that nobody follows a watched application any more."""
    return ~exists().where(
        Subscription.code == WatchedApplication.code, Subscription.ended_at.is_(None)
    ).correlate(WatchedApplication)
