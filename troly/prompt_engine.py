"""SQLAlchemy's way to SQLite on the event loop (troly/prompt_sqlite.py).

An asynchronous engine of SQLAlchemy's makes a greenlet for each step in which a driver might have to wait.
Here almost none waits: a step is called directly, and again in a greenlet where it met a lock. A transaction
of three short statements takes less than half as long. Statements that were run before go straight to SQLite
(troly/prompt_connection.py).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Transaction
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, Pool, QueuePool
from sqlalchemy.util import greenlet_spawn

from troly.prompt_connection import StatementConnection
from troly.prompt_sqlite import PromptConnection, may_wait
from troly.prompt_statements import Statements

Result = TypeVar("Result")

DRIVER = "prompt"


class PromptDialect(SQLiteDialect_pysqlite):
    """For SQLAlchemy: "sqlite+prompt"."""

    driver = DRIVER
    is_async = True
    supports_statement_cache = True

    def __init__(self, **options: Any) -> None:
        """As SQLAlchemy makes it, one for each engine."""
        super().__init__(**options)
        self.statements = Statements(self)

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:
        """One that waits for a connection without holding up the event loop."""
        return AsyncAdaptedQueuePool

    def create_connect_args(self, url: URL) -> Any:
        """A connection is used in the event loop, and in a thread while that waits for it."""
        arguments, options = super().create_connect_args(url)
        ours = {"factory": PromptConnection, "check_same_thread": False, "timeout": 0.0}
        return arguments, {**options, **ours}


registry.register(f"sqlite.{DRIVER}", __name__, PromptDialect.__name__)


def engine(address: URL, **options: Any) -> AsyncEngine:
    """An engine for a file of SQLite's."""
    # The connection that was used last has the latest pages in memory.
    made = create_async_engine(address.set(drivername=f"sqlite+{DRIVER}"), pool_use_lifo=True, **options)
    made.sync_engine._connection_cls = StatementConnection
    return PromptEngine(made.sync_engine)


class PromptEngine(AsyncEngine):
    """An engine whose connections take a greenlet only where they have to wait."""

    def connect(self) -> AsyncConnection:
        """As AsyncEngine does."""
        return _Connection(self)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """As AsyncEngine does."""
        async with self.connect() as connection:
            assert connection.sync_connection is not None  # noqa: S101 - it is started
            transaction = connection.sync_connection.begin()
            try:
                yield connection
                await _commit(connection.sync_connection, transaction)
            finally:
                transaction.close()  # rolls back what was not committed

    async def at_once(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` returns, done in one transaction; begun anew where it met a lock."""

        def run() -> Result:
            with self.sync_engine.begin() as connection:
                return work(connection)

        return await (_tried(run) if _is_free(self.pool) else greenlet_spawn(run))


async def _tried(fn: Callable[..., Result], *args: Any, **options: Any) -> Result:
    """What `fn` returns, called directly, and in a greenlet where that met a lock."""
    try:
        return fn(*args, **options)
    except OperationalError as error:
        if not may_wait(error.orig):
            raise
    return await greenlet_spawn(fn, *args, **options)


def _is_free(pool: Pool) -> bool:
    """Whether a connection can be had without waiting."""
    return isinstance(pool, QueuePool) and pool.checkedin() > 0


async def _commit(connection: Connection, transaction: Transaction) -> None:
    try:
        transaction.commit()
    except OperationalError as error:
        if not may_wait(error.orig):
            raise
        await greenlet_spawn(connection._commit_impl)  # what was written is still there


class _Connection(AsyncConnection):
    __slots__ = ()

    async def start(self, is_ctxmanager: bool = False) -> AsyncConnection:
        if self.sync_connection is None and _is_free(self.sync_engine.pool):
            self.sync_connection = self.sync_engine.connect()
            return self
        return await super().start(is_ctxmanager)

    async def execute(self, *statement: Any, **options: Any) -> Any:
        return await _tried(self._proxied.execute, *statement, **options)

    async def exec_driver_sql(self, *statement: Any, **options: Any) -> Any:
        return await _tried(self._proxied.exec_driver_sql, *statement, **options)

    async def __aexit__(self, *_: object) -> None:
        self._proxied.close()
