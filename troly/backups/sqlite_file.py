"""SQLite: one consistent copy of a file that is being written, and its way back."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from troly.database import engine
from troly.errors import UsageError

T = TypeVar("T")


def path_of(url: str) -> Path:
    """Where the database lies. Raises UsageError for one in memory."""
    name = make_url(url).database
    if not name or name == ":memory:":
        raise UsageError("DATABASE_URL: a database in memory has no backup")
    return Path(name)


def take(url: str, target: Path, read: Callable[[sa.Connection], T]) -> T:
    """Copy the database as it is at one moment; `read` sees the copy. Writers are not held up.

    Pages of deleted rows still hold what citizens had erased, so the copy is written anew without them.
    """
    source = path_of(url)
    if not source.exists():
        raise UsageError(f"DATA_DIR: no database {source}; there is nothing to back up")
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as old,
        closing(sqlite3.connect(target, isolation_level=None)) as new,
    ):
        old.backup(new)  # all pages in one step: one moment
        new.execute("PRAGMA journal_mode=DELETE")
        new.execute("VACUUM")
        _require_whole(new, source)
    made = sa.create_engine(f"sqlite:///{target}")
    try:
        with made.connect() as connection:
            return read(connection)
    finally:
        made.dispose()


def version() -> str:
    """Of the library."""
    return sqlite3.sqlite_version


def is_empty(url: str) -> bool:
    """Whether there is nothing that a restore would replace."""
    path = path_of(url)
    if not path.exists() or path.stat().st_size == 0:
        return True
    made = engine(url)
    try:
        with made.connect() as connection:
            return not sa.inspect(connection).get_table_names()
    except sa.exc.DatabaseError:
        return False  # a broken one is something too
    finally:
        made.dispose()


def require_unused(url: str) -> None:
    """Raise UsageError while a process has the database open."""
    path = path_of(url)
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=1)) as connection:
            # Only possible when nobody else is connected; also takes the write-ahead log in.
            (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.OperationalError:
        mode = "wal"
    except sqlite3.DatabaseError:
        return  # broken: that may be why it is replaced
    if mode != "delete":
        raise UsageError(f"{path} is in use: stop troly first (systemctl stop troly)")


def put(url: str, made: Path) -> None:
    """Put a database in place of the present one, whole or not at all."""
    path = path_of(url)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.restored")
    shutil.copyfile(made, beside)
    beside.chmod(0o600)
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    beside.replace(path)


def _require_whole(connection: sqlite3.Connection, source: Path) -> None:
    (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if said != "ok":
        raise UsageError(f"{source} is damaged ({said}); restore an earlier backup")
