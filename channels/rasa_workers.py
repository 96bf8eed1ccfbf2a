"""Which Rasa processes there are, which of them answer, and which one a conversation belongs to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from channels.rasa_wire import Refused, Wire, WireError
from channels.rendezvous import ranked

log = structlog.get_logger("rasa")

LOOK = 1.0
"""Seconds between two looks at each worker."""

PATIENCE = 5.0
"""Seconds for an answer to "are you there"; a busy worker takes its time."""

MISSES = 2
"""Looks without an answer until a worker counts as down; a refused connection counts at once."""


@dataclass(slots=True)
class Worker:
    """One Rasa process."""

    base: str
    webhook: str
    up: bool = True
    missed: int = 0


class RasaWorkers:
    """Chooses by rendezvous hashing among those that are up.

    A worker is down when it refuses connections, or twice does not say in time that it is there; it is up
    again as soon as it answers. Where none is up, all are tried: asking in vain harms nobody.
    """

    def __init__(self, wire: Wire, bases: Sequence[str]) -> None:
        """`bases` are the addresses of Rasa; the same ones, in any order, for each gateway."""
        self._wire = wire
        self._workers = {
            base: Worker(base, f"{base}/webhooks/rest/webhook") for base in (one.rstrip("/") for one in bases)
        }
        self._watching: asyncio.Task[None] | None = None

    def for_conversation(self, conversation_id: str) -> list[Worker]:
        """Whom to ask, in this order; the second only where the first cannot be reached."""
        order = [self._workers[base] for base in ranked(conversation_id, [*self._workers])]
        return [worker for worker in order if worker.up] or order

    def unreachable(self, worker: Worker) -> None:
        """It refused a connection."""
        self._note(worker, MISSES)

    def states(self) -> list[bool]:
        """For each, in the order of the setting, whether it is up as far as is known."""
        return [worker.up for worker in self._workers.values()]

    def start(self) -> None:
        """Look after them from now on; one alone needs no looking after."""
        if len(self._workers) > 1:
            self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Look no more."""
        if self._watching:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
            self._watching = None

    async def look(self, seconds: float = PATIENCE) -> list[bool]:
        """Ask each whether it is there and has a model, now."""
        return list(await asyncio.gather(*(self._look(one, seconds) for one in self._workers.values())))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            await self.look()

    async def _look(self, worker: Worker, seconds: float) -> bool:
        try:
            status = await self._wire.status(f"{worker.base}/status", seconds)
        except Refused:
            self._note(worker, MISSES)
            return False
        except WireError:
            self._note(worker, worker.missed + 1)
            return False
        # Without a model it answers, but not citizens.
        self._note(worker, 0 if status == 200 else MISSES)
        return status == 200

    def _note(self, worker: Worker, missed: int) -> None:
        worker.missed = missed
        if worker.up != (missed < MISSES):
            worker.up = not worker.up
            number = [*self._workers].index(worker.base) + 1
            log.warning("rasa_up" if worker.up else "rasa_down", worker=number)
