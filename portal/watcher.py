"""Watches the portal for the applications that citizens follow, politely.

What the portal tells by itself (its feed of changes, its webhook) is looked up at once; everything else once
within NOTICE_POLL_MINUTES, spread over that time, many with one question, never more questions a minute than
NOTICE_REQUESTS_PER_MINUTE, and after errors ever more seldom. One process watches at a time.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from time import monotonic

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from portal import holidays, watch_store
from portal.adapters.holidays import HolidayService
from portal.changes import UNSEEN, compare
from portal.client import PortalClient
from portal.errors import PortalError
from portal.telling import Watched, note_change
from troly.clock import VIETNAM, now
from troly.hours import OfficeHours
from troly.tables.holidays import current

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """How patient watching is, in seconds; tests are less so."""

    interval: float = 1800.0
    """Within which each application is looked up once, where the portal has no feed."""
    interval_with_feed: float = 86400.0
    """The same beside a feed, in case it missed something."""
    per_minute: int = 60
    """Questions to the portal."""
    tick: float = 2.0
    lease: float = 15.0
    """A watcher that died is replaced after this; more than `longest_turn` of a living one."""
    feed: float = 60.0
    """How often the feed is read."""
    patience: float = 60.0
    """How long one that is due may wait for others to fill a batch."""
    upkeep: float = 10.0
    """How often reminders and repetitions are looked for."""
    tidying: float = 600.0
    holidays: float = 3600.0
    """How often it is looked whether they are to be asked for."""
    first_pause: float = 5.0
    longest_pause: float = 300.0
    """After errors of the portal, doubled each time."""
    lost_after: int = 10
    """Look-ups in a row that did not find an application, ever further apart."""
    reminder_hours: tuple[int, int] = (8, 20)
    """When reminders are written, by Vietnam's clock."""


class Budget:
    """At most so many questions in any 60 seconds, a tenth of them at once.

    So a watcher that has just been restarted, and knows nothing of the one before, is no burst either.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = monotonic) -> None:
        self._size = max(1, per_minute // 10)
        # What is there at once and what comes within a minute are together what is allowed.
        self._rate = max(per_minute - self._size, 1) / 60
        self._clock = clock
        self._level, self._at = float(self._size), clock()

    def take(self) -> bool:
        """Whether one more may be asked now; counts it."""
        moment = self._clock()
        self._level = min(self._size, self._level + (moment - self._at) * self._rate)
        self._at = moment
        if self._level < 1:
            return False
        self._level -= 1
        return True


class Watcher:
    """The watcher of one process; run() goes on until it is cancelled."""

    def __init__(
        self,
        engine: AsyncEngine,
        client: PortalClient,
        hours: OfficeHours,
        options: WatchOptions,
        holiday_service: HolidayService | None = None,
    ) -> None:
        """The caller closes engine, client and service."""
        self._engine = engine
        self._client = client
        self._hours = hours
        self._holidays = holiday_service
        self._options = options
        self._owner = secrets.token_hex(8)
        self._budget = Budget(options.per_minute)
        self._failures = 0
        self._next: dict[str, float] = {}
        self._urgent = False

    async def run(self) -> None:
        """Watch for as long as this process is the one, and wait to become it otherwise."""
        while True:
            with suppress(TimeoutError):
                try:
                    if await watch_store.lead(self._engine, self._owner, self._options.lease):
                        # No longer than the lease: then another may have begun.
                        async with asyncio.timeout(self._options.lease * 0.8):
                            await self.step()
                except TimeoutError:
                    raise
                except Exception as error:  # the outer edge: the database may be away for a while
                    log.error("watching failed", error=type(error).__name__, exc_info=True)
            await asyncio.sleep(self._options.tick)

    async def step(self) -> int:
        """Everything that is due now; gives how many citizens were told something."""
        told = 0
        if await watch_store.take_pushed(self._engine):
            self._urgent = True
        if self._due("upkeep", self._options.upkeep):
            told += await self._remind() + await watch_store.repeat(self._engine)
        if self._due("tidying", self._options.tidying):
            await watch_store.tidy(self._engine)
        if self._due("holidays", self._options.holidays):
            await holidays.refresh(self._engine, self._holidays)
        if self._next.get("portal", 0.0) > monotonic():
            return told
        try:
            if self._client.offers("changes") and self._due("feed", self._options.feed):
                await self._read_feed()
            told += await self._look_up()
        except PortalError as error:
            pause = min(self._options.first_pause * 2**self._failures, self._options.longest_pause)
            self._failures += 1
            self._next["portal"] = monotonic() + pause
            log.warning("portal away", reason=type(error).__name__, pause=round(pause))
        return told

    def _due(self, what: str, seconds: float) -> bool:
        if self._next.get(what, 0.0) > monotonic():
            return False
        self._next[what] = monotonic() + seconds
        return True

    async def _read_feed(self) -> None:
        cursor, etag = await watch_store.place(self._engine)
        more = True
        while more and self._budget.take():
            page = await self._client.changes(cursor, etag)
            if (page.cursor, page.etag) != (cursor, etag) or page.reset:
                marked = await watch_store.read_to(
                    self._engine, page.cursor, page.etag, page.codes, everything=page.reset
                )
                self._urgent = self._urgent or marked > 0
            cursor, etag, more = page.cursor, page.etag, page.more
        self._failures = 0

    async def _look_up(self) -> int:
        told = 0
        size = self._client.batch
        while True:
            known, since = await watch_store.due(self._engine, size)
            if since is None:
                self._urgent = False
                return told
            full = len(known) == size
            patient = now() - since < timedelta(seconds=self._options.patience)
            if not full and patient and not self._urgent:
                return told
            if not self._budget.take():
                return told
            told += await self._look_at(known)

    async def _look_at(self, known: list[Watched]) -> int:
        found = await self._client.get_applications([one.code for one in known])
        self._failures = 0
        told = 0
        same: list[str] = []
        for one in known:
            application = found.get(one.code)
            if application is None:
                await self._missed(one)
            elif compare(one.state, application.to_dict()):
                told += await note_change(self._engine, one, application, self._next_look())
            else:
                same.append(one.code)
        await watch_store.unchanged(self._engine, same, self._next_look())
        if told:
            log.info("told", applications=len(known), notices=told)
        return told

    async def _missed(self, one: Watched) -> None:
        wait = min(self._options.interval * 2**one.misses, 86400.0)
        # One that was never seen is not lost, it is not there.
        give_up = one.misses + 1 >= self._options.lost_after or one.state.get("status") == UNSEEN
        await watch_store.missed(self._engine, one, now() + timedelta(seconds=wait), give_up=give_up)

    def _next_look(self) -> datetime:
        feed = self._client.offers("changes")
        wait = self._options.interval_with_feed if feed else self._options.interval
        # What was subscribed together, or looked up together after an outage, drifts apart again.
        return now() + timedelta(seconds=wait * random.uniform(0.9, 1.0))  # noqa: S311

    async def _remind(self) -> int:
        local = now().astimezone(VIETNAM)
        first, last = self._options.reminder_hours
        if not first <= local.hour < last:
            return 0
        async with self._engine.connect() as connection:
            hours = replace(self._hours, calendar=await current(connection))
        return await watch_store.remind(self._engine, due_days(hours, local.date()), local.date())


def due_days(hours: OfficeHours, today: date) -> list[date]:
    """The days of whose results one is reminded today: today is the last working day before them."""
    ahead = (today + timedelta(days=number) for number in range(1, 15))
    return [day for day in ahead if hours.working_day_before(day) == today]
