"""What staff made live, and how running processes come to know of it, beside the messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from troly.tables.answers import AnswerRelease, AnswerVersion

log = structlog.get_logger("answers")

RESPONSE, GUIDE, OFFICE = "response", "guide", "office"

SECONDS = 3.0
"""Between two looks; each is one aggregate over a small table."""

MADE, RETIRED = "made", "retired"
"""True in a content: staff made the thing themselves, nothing like it is shipped; they took it off."""

Contents = dict[str, Any]
"""Key -> what is live there in place of what is shipped."""


def retired(content: Any) -> bool:
    """Whether a guide or an office with this content was taken off: nobody is offered it."""
    return isinstance(content, dict) and bool(content.get(RETIRED))


async def live(connection: AsyncConnection, kind: str) -> Contents:
    """What is live in place of what is shipped, by key."""
    last = (
        select(func.max(AnswerRelease.id))
        .where(AnswerRelease.kind == kind)
        .group_by(AnswerRelease.key)
        .scalar_subquery()
    )
    rows = await connection.execute(
        select(AnswerRelease.key, AnswerVersion.content)
        .join(AnswerVersion, AnswerVersion.id == AnswerRelease.version)
        .where(AnswerRelease.id.in_(last))
    )
    return {key: content for key, content in rows if content is not None}


class Follower:
    """Hands over what is live whenever it has changed. Nobody waits for it but at the start."""

    def __init__(
        self,
        engine: AsyncEngine,
        takers: dict[str, Callable[[Contents], None]],
        *,
        seconds: float = SECONDS,
    ) -> None:
        """`takers`: kind -> what takes its contents. The caller disposes of the engine."""
        self._engine = engine
        self._takers = takers
        self._seconds = seconds
        self._mark: tuple[int, int] | None = None
        self._away = False

    async def look(self) -> bool:
        """Ask once; True when something new was handed over.

        While the database is away, or a taker fails, what was taken before stays in use.
        """
        try:
            async with self._engine.connect() as connection:
                mark = await _mark(connection)
                if mark == self._mark:
                    self._back()
                    return False
                found = {kind: await live(connection, kind) for kind in self._takers}
        except (SQLAlchemyError, OSError) as error:
            if not self._away:
                log.warning("answers_not_read", error=type(error).__name__)
            self._away = True
            return False
        self._back()
        for kind, take in self._takers.items():
            try:
                take(found[kind])
            except Exception as error:  # one bad row must not keep the others out, nor end the task
                log.exception("answers_not_taken", kind=kind, error=type(error).__name__)
        self._mark = mark
        log.info("answers_taken", **{kind: len(contents) for kind, contents in found.items()})
        return True

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self._seconds)

    def _back(self) -> None:
        if self._away:
            log.info("answers_read_again")
        self._away = False


async def _mark(connection: AsyncConnection) -> tuple[int, int]:
    """Changes with every release. With the number of rows, since PostgreSQL may commit ids out of order."""
    row = (await connection.execute(select(func.count(), func.max(AnswerRelease.id)))).one()
    return int(row[0]), int(row[1] or 0)
