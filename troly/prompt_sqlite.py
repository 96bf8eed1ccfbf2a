"""SQLite on the event loop: short statements run at once, and a thread is asked only where one must wait.

aiosqlite hands every statement to a thread and waits for it to hand the result back. A statement that finds
its row by an index takes 20 µs; the two hand-overs take ten times as long, more on a busy machine. So this is
Python's own driver, called where it is awaited; troly/prompt_engine.py is the way to it.

What meets another process's lock tries again after a millisecond or so, letting others run meanwhile: a
short transaction is over then. SQLite itself would sleep longer after each try, up to a tenth of a second;
with three writing processes a message spent most of its time there. A lock that stays is left to a thread
and to SQLite.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from random import random
from typing import Any

from sqlalchemy.util import await_only
from sqlalchemy.util.concurrency import in_greenlet

WAIT = 10.0
"""Seconds for another writer, in the thread."""

_PAUSES = (0.001,) * 8 + (0.003,) * 16
"""Seconds, at most, before each further try in the event loop; some 30 ms together."""


class PromptConnection(sqlite3.Connection):
    """A connection whose statements run where they are awaited. For short statements only."""

    def cursor(self, *_: Any) -> Any:
        """One that has read all rows when a statement is done, so that none stays open."""
        return super().cursor(_Cursor)

    def commit(self) -> None:
        _prompt(self, super().commit)

    def rollback(self) -> None:
        _prompt(self, super().rollback)


class _Cursor(sqlite3.Cursor):
    _rows: deque[Any]

    def execute(self, *statement: Any) -> Any:
        _prompt(self.connection, super().execute, *statement)
        self._rows = deque(super().fetchall() if self.description else ())
        return self

    def executemany(self, *statement: Any) -> Any:
        _prompt(self.connection, super().executemany, *statement)
        return self

    def fetchone(self) -> Any:
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        return [self._rows.popleft() for _ in range(min(size or self.arraysize, len(self._rows)))]

    def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, deque()
        return list(rows)


def _prompt(connection: sqlite3.Connection, fn: Callable[..., Any], *args: Any) -> Any:
    try:
        return fn(*args)
    except sqlite3.OperationalError as error:
        if not in_greenlet() or not may_wait(error):
            raise
    return await_only(_again(connection, partial(fn, *args)))


def may_wait(error: BaseException | None) -> bool:
    """Whether nothing of the statement was done. An outdated snapshot would not end by waiting."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_BUSY and code != sqlite3.SQLITE_BUSY_SNAPSHOT


async def _again(connection: sqlite3.Connection, fn: Callable[[], Any]) -> Any:
    for pause in _PAUSES:
        await asyncio.sleep(pause * random())  # noqa: S311 - no secret: not all at the same moment
        try:
            return fn()
        except sqlite3.OperationalError as error:
            if not may_wait(error):
                raise
    waiting = asyncio.get_running_loop().run_in_executor(_threads(), _patiently, connection, fn)
    try:
        return await asyncio.shield(waiting)
    finally:
        if not waiting.done():  # cancelled; who comes next finds the connection free
            await asyncio.wait([waiting])


def _patiently(connection: sqlite3.Connection, fn: Callable[[], Any]) -> Any:
    """In a thread: the same again, waiting for the lock."""
    sqlite3.Connection.execute(connection, f"PRAGMA busy_timeout={WAIT * 1000:.0f}")
    try:
        return fn()
    finally:
        sqlite3.Connection.execute(connection, "PRAGMA busy_timeout=0")


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(16, thread_name_prefix="sqlite")
