"""SQLite on the event loop: short statements run at once, and a thread is asked only where one must wait.

aiosqlite hands every statement to a thread and waits for it to hand the result back. A statement that finds
its row by an index takes 20 µs; the two hand-overs take ten times as long, more on a busy machine.

What meets another process's lock tries again after a millisecond or so, letting others run meanwhile: a
short transaction is over then. SQLite itself would sleep longer after each try, up to a tenth of a second;
with three writing processes a message spent most of its time there. A lock that stays is left to the thread
and to SQLite.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from random import random
from typing import Any

from aiosqlite import Connection

WAIT = 10.0
"""Seconds for another writer, in the thread."""

_PAUSES = (0.001,) * 8 + (0.003,) * 16
"""Seconds, at most, before each further try in the event loop; some 30 ms together."""


class PromptConnection(Connection):
    """A connection whose statements run where they are awaited. For short statements only."""

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if not self._running or not self._connection:
            raise ValueError("Connection closed")
        for pause in _PAUSES:
            try:
                return fn(*args, **kwargs)
            except sqlite3.OperationalError as error:
                # Nothing of the statement was done. An outdated snapshot would not end by waiting.
                code = error.sqlite_errorcode
                if code & 0xFF != sqlite3.SQLITE_BUSY or code == sqlite3.SQLITE_BUSY_SNAPSHOT:
                    raise
            await asyncio.sleep(pause * random())  # noqa: S311 - no secret: not all at the same moment
        patiently = partial(self._patiently, fn, *args, **kwargs)
        return await super()._execute(patiently)  # type: ignore[no-untyped-call]

    def _patiently(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """In the thread: the same again, waiting for the lock."""
        self._conn.execute(f"PRAGMA busy_timeout={WAIT * 1000:.0f}")
        try:
            return fn(*args, **kwargs)
        finally:
            self._conn.execute("PRAGMA busy_timeout=0")


def connect(database: str, **options: Any) -> PromptConnection:
    """A connection for SQLAlchemy's aiosqlite dialect (its `async_creator_fn`)."""
    # Opened in the thread, used in the event loop; never in both at a time.
    options |= {"check_same_thread": False, "timeout": 0.0}
    made = PromptConnection(partial(sqlite3.connect, database, **options), iter_chunk_size=64)
    made._thread.daemon = True  # as SQLAlchemy does with those that it opens
    return made
