"""How often somebody may look applications up, and may try to prove that one is theirs.

Three things are counted, each under a keyed hash: the conversation, the visitor's address (on the website;
elsewhere the conversation stands for the person), and the application. So neither many conversations nor
many addresses help against one application, nor does one address get far with many. Every step is kept as
a row of the audit (troly/tables/verification.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, case, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from troly.clock import now
from troly.privacy import Keyring
from troly.tables.verification import VerificationAttempt as Row

Outcome = Literal["verified", "refused", "unavailable"]

WINDOW = timedelta(hours=48)
"""Failures older than this are forgotten; longer than the longest pause, or that would end early."""

PAUSES = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(hours=24))
"""After the last failure that is free, and after each one more."""

ADDRESS_FACTOR = 5
"""An office or a family shares one address: it may look up so many times as much as a conversation."""

_HOUR = timedelta(hours=1)
_LOCK = 7_240_816
"""Any number will do, as long as nobody else takes it (PostgreSQL's advisory locks)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """VERIFY_ATTEMPTS, VERIFY_ATTEMPTS_PER_ADDRESS and LOOKUPS_PER_HOUR."""

    failures: int = 3
    failures_per_address: int = 10
    lookups: int = 30


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks, as keyed hashes."""

    conversation: str
    visitor: str | None


class Attempts:
    """The counters, in the database that all action servers share."""

    def __init__(self, engine: AsyncEngine, keyring: Keyring, limits: Limits) -> None:
        """The caller disposes of the engine."""
        self._engine = engine
        self._keyring = keyring
        self._limits = limits

    def who(self, conversation_id: str, visitor: str | None) -> Who:
        """`visitor` is the gateway's keyed hash of the address; none for the platforms."""
        return Who(self._keyring.hash("conversation", conversation_id), visitor or None)

    async def look_up(self, who: Who, code: str) -> datetime | None:
        """Count a look-up by code alone; when it is one too many, the moment from which it is not."""
        hashed, moment = self._code(code), now()
        async with self._engine.begin() as connection:
            # A statement that writes comes first: SQLite cannot begin to write after reading.
            own = await self._add(connection, who, hashed, "lookup", moment)
            for subject, most in (
                (Row.conversation == who.conversation, self._limits.lookups),
                (Row.visitor == who.visitor, self._limits.lookups * ADDRESS_FACTOR),
            ):
                recent = (subject, Row.outcome == "lookup", Row.at > moment - _HOUR, Row.id != own)
                query = select(func.count(Row.code.distinct()), func.min(Row.at)).where(*recent)
                known = select(Row.id).where(*recent, Row.code == hashed).limit(1)
                count, first = (await connection.execute(query)).one()
                if count >= most and await connection.scalar(known) is None:
                    await connection.rollback()
                    return _aware(first) + _HOUR
        return None

    async def locked(self, who: Who, code: str) -> datetime | None:
        """Until when no attempt is allowed; None when one is."""
        async with self._engine.connect() as connection:
            return await self._locked(connection, who, self._code(code), now(), own=0)

    async def start(self, who: Who, code: str) -> datetime | None:
        """Count an attempt as failed until finish() says otherwise; or say until when none is allowed."""
        hashed, moment = self._code(code), now()
        async with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                # Attempts at the same moment must see each other.
                await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            own = await self._add(connection, who, hashed, "started", moment)
            until = await self._locked(connection, who, hashed, moment, own)
            if until is None:
                return None
            await connection.rollback()
        async with self._engine.begin() as connection:
            await self._add(connection, who, hashed, "locked", moment)
        return until

    async def finish(self, who: Who, code: str, outcome: Outcome) -> None:
        """What came of an attempt; one that the portal did not answer is no failure."""
        async with self._engine.begin() as connection:
            await self._add(connection, who, self._code(code), outcome, now())

    def _code(self, code: str) -> str:
        return self._keyring.hash("application", code)

    async def _add(
        self, connection: AsyncConnection, who: Who, code: str, outcome: str, moment: datetime
    ) -> int:
        """The row's id."""
        values = {"conversation": who.conversation, "visitor": who.visitor, "code": code}
        added = await connection.execute(
            insert(Row).values(**values, outcome=outcome, at=moment).returning(Row.id)
        )
        return added.scalar_one()

    async def _locked(
        self, connection: AsyncConnection, who: Who, code: str, moment: datetime, own: int
    ) -> datetime | None:
        """The latest end of the locks of conversation, address and application, without the row `own`."""
        limits = self._limits
        subjects: list[tuple[ColumnElement[bool], int]] = [
            (Row.conversation == who.conversation, limits.failures)
        ]
        if who.visitor:
            subjects.append((Row.visitor == who.visitor, limits.failures_per_address))
        # Who has proved it once is not shut out because strangers try.
        proved = select(Row.id).where(
            Row.conversation == who.conversation,
            Row.code == code,
            Row.outcome == "verified",
            Row.at > moment - WINDOW,
        )
        if await connection.scalar(proved.limit(1)) is None:
            subjects.append((Row.code == code, limits.failures))
        ends = [
            await self._end(connection, subject & (Row.id != own), free, moment) for subject, free in subjects
        ]
        return max((end for end in ends if end and end > moment), default=None)

    async def _end(
        self, connection: AsyncConnection, subject: ColumnElement[bool], free: int, moment: datetime
    ) -> datetime | None:
        no_failure = Row.outcome.in_(("verified", "unavailable"))
        sign = case((Row.outcome == "started", 1), (no_failure, -1), else_=0)
        last = case((Row.outcome == "started", Row.at))
        query = select(func.sum(sign), func.max(last)).where(subject, Row.at > moment - WINDOW)
        failures, at = (await connection.execute(query)).one()
        pause = pause_after(int(failures or 0), free)
        return _aware(at) + pause if pause and at else None


def pause_after(failures: int, free: int) -> timedelta | None:
    """How long nothing is allowed after so many failures; None while they are free."""
    if failures < free:
        return None
    return PAUSES[min(failures - free, len(PAUSES) - 1)]


def most_attempts(free: int, hours: float, pauses: Sequence[timedelta] = PAUSES) -> int:
    """The most attempts that whoever never hits can make within so many hours, as fast as allowed."""
    made, moment, end = 0, timedelta(), timedelta(hours=hours)
    times: list[timedelta] = []
    while moment < end:
        times.append(moment)
        made += 1
        recent = sum(moment - at < WINDOW for at in times)
        pause = pauses[min(recent - free, len(pauses) - 1)] if recent >= free else timedelta()
        moment += pause
    return made


def _aware(moment: datetime) -> datetime:
    # min() and max() of SQLite lose the column's type with some drivers.
    return moment if moment.tzinfo else moment.replace(tzinfo=now().tzinfo)
