"""All tables of ours, locked at once before they are changed under programs that use them (PostgreSQL).

A migration that takes its locks one after the other, as it comes to each table, can wait for a program that
waits for it: the database then ends one of the two, and a citizen's message is refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import sqlalchemy as sa

from troly.errors import UsageError
from troly.tables import metadata

# The database looks for two that wait for each other after a second (deadlock_timeout). We give up before.
_PATIENCE_MS = 400
_PAUSE = 0.25
_LONGEST = 180.0

_BUSY = {"40P01", "55P03", "57014"}
"""Deadlock, lock not available, statement ended by its time limit."""


def lock_tables(connection: sa.Connection) -> None:
    """Take every table for this transaction, or fail within 0.4 s. SQLite locks as a whole by itself."""
    if connection.dialect.name != "postgresql":
        return
    quote = connection.dialect.identifier_preparer.quote
    here = set(sa.inspect(connection).get_table_names()) & set(metadata.tables)
    names = ", ".join(quote(name) for name in sorted(here))
    if names:
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {_PATIENCE_MS}")
        connection.exec_driver_sql(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")
        connection.exec_driver_sql("SET LOCAL statement_timeout TO DEFAULT")


def when_free(change: Callable[[], None], patience: float = _LONGEST) -> None:
    """Call `change`, again after a pause while another program holds the tables; each time from nothing.

    Raises UsageError after `patience` seconds.
    """
    until = time.monotonic() + patience
    while True:
        try:
            change()
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "pgcode", None) not in _BUSY:
                raise
            if time.monotonic() > until:
                raise UsageError(
                    "another program has held the database's tables for minutes (a backup, or a query by "
                    "hand?); let it end, then run again: troly db upgrade"
                ) from None
            time.sleep(_PAUSE)
        else:
            return
