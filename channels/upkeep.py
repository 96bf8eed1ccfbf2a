"""What a gateway does by itself: handovers that nobody took, and, once an hour for all, what is too old."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from channels import clock_jumps, retention
from channels.desk import Desk
from channels.media import MediaStore
from channels.store import Store
from troly.clock import now
from troly.settings import Settings
from troly.tables import leases

log = structlog.get_logger("upkeep")


@dataclass(frozen=True, slots=True)
class UpkeepOptions:
    """How often; in seconds."""

    look: float = 10.0
    """Between looks at the handovers."""
    retention: float = 3600.0
    """Between two runs, of whichever gateway."""
    quiet: float = 5.0
    """Without a message, before what can wait is done."""
    longest: float = 300.0
    """What can wait waits no longer."""


class Upkeep:
    """The two loops of one process."""

    def __init__(
        self,
        store: Store,
        media: MediaStore,
        desk: Desk,
        settings: Settings,
        options: UpkeepOptions | None = None,
        *,
        minutely: Sequence[Callable[[], Awaitable[object]]] = (),
        patient: Sequence[Callable[[], Awaitable[object]]] = (),
        quiet: Callable[[], float] = lambda: float("inf"),
    ) -> None:
        """Does nothing before start(). `minutely`: what is called about once a minute, in every gateway.

        `patient`: the same of what takes CPU from citizens and can wait; `quiet` says for how many seconds
        none of them has written.
        """
        self._store = store
        self._media = media
        self._desk = desk
        self._settings = settings
        self._options = options or UpkeepOptions()
        self._minutely = minutely
        self._patient = patient
        self._quiet = quiet
        self._due: float | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End at once: each step is a transaction, and is made again later."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        next_try = loop.time() + self._options.look
        while True:
            await asyncio.sleep(self._options.look)
            try:
                await self._desk.look()
                if loop.time() >= next_try:
                    next_try = loop.time() + self._options.retention / 60
                    await clock_jumps.mend(self._store)
                    await self.forget_old()
                    for job in self._minutely:
                        await job()
                    self._due = loop.time() if self._due is None else self._due
                await self._patiently(loop.time())
            except Exception as error:  # the database may be away for a while
                log.error("upkeep_failed", error=type(error).__name__, exc_info=True)

    async def _patiently(self, moment: float) -> None:
        if self._due is None:
            return
        if self._quiet() >= self._options.quiet or moment - self._due > self._options.longest:
            self._due = None
            for job in self._patient:
                await job()

    async def forget_old(self) -> bool:
        """Forget what is too old, unless some gateway has done so within the hour.

        A clock that leapt ahead makes everything old. So after a day without a run the first one only tells,
        and whoever keeps the clock has an hour.
        """
        before = await clock_jumps.last_taken(self._store, "retention")
        async with self._store.write() as connection:
            # An owner of its own each time: the lease is no right to go on, but the date of the next run.
            mine = await leases.take(
                connection,
                "retention",
                secrets.token_hex(8),
                timedelta(seconds=self._options.retention),
            )
        if mine and before and now() - before > clock_jumps.DOUBTFUL:
            log.warning("retention_waits", last_run=before.isoformat(), clock=now().isoformat())
            return False
        if mine:
            await retention.forget_old(self._store, self._media, self._settings)
        return mine
