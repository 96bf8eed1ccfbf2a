"""One database for everything: SQLite (WAL) by default, PostgreSQL in production."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import greenlet_spawn

from troly import prompt_engine
from troly.errors import SettingError, UsageError

Result = TypeVar("Result")

_ASYNC = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
_SYNC = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg2"}

_WAL_TRIES = 50
_WAL_PAUSE = 0.01
"""Seconds; to make an empty file a WAL database takes less than one of them."""


def async_engine(url: str, *, prompt: bool = False, **options: Any) -> AsyncEngine:
    """An asynchronous engine for the address of DATABASE_URL (any driver name in it is replaced).

    `prompt`: its statements are all short, and SQLite may run them in the event loop.
    """
    address = _address(url, _ASYNC)
    is_sqlite = address.get_backend_name() == "sqlite"
    if prompt and is_sqlite and address.database not in (None, "", ":memory:"):
        made = prompt_engine.engine(address, **options)
        _prepare_sqlite(made.sync_engine, address, wait=0.0)
        return made
    made = create_async_engine(address, **(_pool(address) | options))
    if is_sqlite:
        _prepare_sqlite(made.sync_engine, address)
    return made


async def at_once(engine: AsyncEngine, work: Callable[[Connection], Result]) -> Result:
    """What `work` returns, done in one transaction.

    As connection.run_sync(work) does it, but the connection is taken and given back on the same way: where a
    transaction has three short statements, most of its time went into changing over for each step. `work` has
    no other effect than on the database: where it met a lock, what it did is undone, and it is called again.
    """
    if isinstance(engine, prompt_engine.PromptEngine):
        return await engine.at_once(work)

    def run() -> Result:
        with engine.sync_engine.begin() as connection:
            return work(connection)

    return await greenlet_spawn(run)


def engine(url: str, **options: Any) -> Engine:
    """A synchronous engine, for commands and migrations."""
    address = _address(url, _SYNC)
    made = create_engine(address, **(_pool(address) | options))
    if address.get_backend_name() == "sqlite":
        _prepare_sqlite(made, address)
    return made


def reach(made: Engine) -> Connection:
    """A connection. Raises SettingError when the database does not answer."""
    try:
        return made.connect()
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise SettingError(
            f"DATABASE_URL: the database does not answer ({reason}); start it, or mend the address"
        ) from None


def require_tables(url: str) -> None:
    """Raise UsageError when the database has none of our tables, SettingError when it does not answer.

    `troly serve` makes them; a process that is started alone needs them made before.
    """
    made = engine(url)
    try:
        with reach(made) as connection:
            if not inspect(connection).has_table("inbox"):
                raise UsageError("the database has no tables yet; run: troly db upgrade")
    finally:
        made.dispose()


def _address(url: str, drivers: dict[str, str]) -> URL:
    try:
        address = make_url(url.replace("postgres://", "postgresql://", 1))
    except (ArgumentError, ValueError):  # ValueError: the port is no number
        raise SettingError(
            "DATABASE_URL: not an address; for example postgresql://user:password@host/name"
        ) from None
    backend = address.get_backend_name()
    if backend not in drivers:
        raise SettingError(f"DATABASE_URL: {backend} is not supported; use sqlite:///… or postgresql://…")
    return _encryption(address.set(drivername=drivers[backend]))


def _encryption(address: URL) -> URL:
    """The address with the driver's own word for encryption: asyncpg says ssl where others say sslmode."""
    names = ("sslmode", "ssl") if address.get_driver_name() == "asyncpg" else ("ssl", "sslmode")
    if address.get_backend_name() != "postgresql" or names[0] not in address.query:
        return address
    return address.difference_update_query([names[0]]).update_query_dict({names[1]: address.query[names[0]]})


def _pool(address: URL) -> dict[str, Any]:
    if address.get_backend_name() == "sqlite":
        return {}
    return {"pool_size": 10, "max_overflow": 10, "pool_pre_ping": True}


def _prepare_sqlite(made: Engine, address: URL, wait: float = 10.0) -> None:
    if address.database and address.database != ":memory:":
        folder = Path(address.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingError(f"DATA_DIR: cannot make the folder {folder} ({error.strerror})") from None

    @event.listens_for(made, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        # WAL lets the gateway, Rasa and the action server read while one of them writes;
        # the time-out makes a second writer wait instead of failing.
        _use_wal(cursor)
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute(f"PRAGMA busy_timeout={wait * 1000:.0f}")
        cursor.execute("PRAGMA foreign_keys=ON")
        if made.dialect.driver == prompt_engine.DRIVER:
            # What short statements sort and gather is small. To be ready to put it into a file takes as
            # long as a statement, and three times as long where memory is taken and given back for it.
            cursor.execute("PRAGMA temp_store=MEMORY")
        cursor.close()


def _use_wal(cursor: Any) -> None:
    """Raises sqlite3's OperationalError where the file stays locked.

    Of several that open a new database at once, one makes it a WAL database. SQLite refuses the others
    meanwhile without asking its own time-out, since two that waited here could wait for each other.
    """
    for _ in range(_WAL_TRIES):
        with suppress(sqlite3.OperationalError):
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        time.sleep(_WAL_PAUSE)
    cursor.execute("PRAGMA journal_mode=WAL")
