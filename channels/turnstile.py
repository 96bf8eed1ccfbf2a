"""Work that fills the machine: so much at once, and to each visitor a part of it.

Whoever has least in work goes first, then who came first. So one visitor with many requests waits for
themselves, and not the others for them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turnstile:
    """Lets `at_once` in, of one visitor `each`; the others wait. For one event loop at a time."""

    def __init__(self, at_once: int, each: int) -> None:
        """Nobody is in."""
        self._at_once = at_once
        self._each = each
        self._inside: Counter[str] = Counter()
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def turn(self, visitor: str) -> AsyncIterator[None]:
        """Wait until the visitor may go in; out again at the end of the block."""
        await self._enter(visitor)
        try:
            yield
        finally:
            self._leave(visitor)

    async def _enter(self, visitor: str) -> None:
        if self._has_place(visitor):
            self._inside[visitor] += 1
            return
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = visitor, called
        self._waiting.append(entry)
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():
                self._leave(visitor)
            else:
                self._waiting.remove(entry)
            raise

    def _leave(self, visitor: str) -> None:
        self._inside[visitor] -= 1
        if not self._inside[visitor]:
            del self._inside[visitor]
        ready = [one for one in self._waiting if self._has_place(one[0]) and not one[1].done()]
        if not ready:
            return
        # One has left, so one can go in: all others wait for the same place, or for their visitor's own.
        entry = min(ready, key=lambda one: self._inside.get(one[0], 0))
        self._waiting.remove(entry)
        self._inside[entry[0]] += 1
        entry[1].set_result(None)

    def _has_place(self, visitor: str) -> bool:
        return self._inside.total() < self._at_once and self._inside.get(visitor, 0) < self._each
