"""PostgreSQL: pg_dump within our own snapshot, and pg_restore beside the tables that are there."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from troly.database import engine, reach
from troly.errors import TrolyError, UsageError

T = TypeVar("T")

_ASIDE = "troly_before_restore"
"""The schema in which the tables of before wait until the restore has succeeded."""


def take(url: str, target: Path, read: Callable[[sa.Connection], T]) -> T:
    """Dump the database as it is at one moment, which is also the moment that `read` sees."""
    program = _program("pg_dump")
    made = engine(url, isolation_level="REPEATABLE READ")
    try:
        with reach(made) as connection, connection.begin():
            snapshot = connection.scalar(sa.text("SELECT pg_export_snapshot()"))
            found = read(connection)
            _run(
                [
                    program,
                    "-Fc",
                    "--no-owner",
                    "--no-privileges",
                    f"--snapshot={snapshot}",
                    "-f",
                    str(target),
                ],
                url,
            )
            return found
    finally:
        made.dispose()


def version(url: str) -> str:
    """Of the server."""
    made = engine(url)
    try:
        with reach(made) as connection:
            return str(connection.scalar(sa.text("SHOW server_version")))
    finally:
        made.dispose()


def is_empty(url: str) -> bool:
    """Whether there is nothing that a restore would replace."""
    made = engine(url)
    try:
        with reach(made) as connection:
            return not sa.inspect(connection).get_table_names()
    finally:
        made.dispose()


def require_unused(url: str) -> None:
    """Raise UsageError while other programs are connected."""
    made = engine(url)
    try:
        with reach(made) as connection:
            others = connection.scalar(
                sa.text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
                )
            )
            if others:
                raise UsageError(
                    f"DATABASE_URL: {others} other connections to the database; "
                    "stop troly on every machine first (systemctl stop troly)"
                )
    finally:
        made.dispose()


@contextmanager
def replaced(url: str, dump: Path) -> Iterator[None]:
    """Restore a dump; within, the caller may still find fault. What was there comes back after an error."""
    program = _program("pg_restore")
    made = engine(url)
    try:
        with made.begin() as connection:
            connection.execute(sa.text(f"DROP SCHEMA IF EXISTS {_ASIDE} CASCADE"))
            connection.execute(sa.text(f"CREATE SCHEMA {_ASIDE}"))
            _move(connection, "public", _ASIDE)
        made.dispose()
        try:
            name = make_url(url).database or ""
            _run([program, "--no-owner", "--no-privileges", "--exit-on-error", "-d", name, str(dump)], url)
            yield
        except BaseException:
            with made.begin() as connection:
                _drop(connection)
                _move(connection, _ASIDE, "public")
                connection.execute(sa.text(f"DROP SCHEMA {_ASIDE} CASCADE"))
            raise
        with made.begin() as connection:
            connection.execute(sa.text(f"DROP SCHEMA {_ASIDE} CASCADE"))
    finally:
        made.dispose()


def _of(connection: sa.Connection, schema: str) -> list[tuple[str, str]]:
    """(kind, name) of what lies in a schema; indexes and the tables' sequences go with them."""
    found: list[tuple[str, str]] = []
    tables = connection.execute(
        sa.text(
            "SELECT CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, quote_ident(relname) FROM pg_class "
            "WHERE relnamespace = to_regnamespace(:schema) AND relkind IN ('r', 'p', 'v')"
        ),
        {"schema": schema},
    )
    found += [(str(kind), str(name)) for kind, name in tables]
    functions = connection.execute(
        sa.text(
            "SELECT quote_ident(proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')' "
            "FROM pg_proc p WHERE pronamespace = to_regnamespace(:schema) AND prokind = 'f' AND NOT EXISTS "
            "(SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
        ),
        {"schema": schema},
    )
    return found + [("FUNCTION", str(name)) for (name,) in functions]


def _move(connection: sa.Connection, source: str, target: str) -> None:
    for kind, name in _of(connection, source):
        connection.exec_driver_sql(f"ALTER {kind} {source}.{name} SET SCHEMA {target}")


def _drop(connection: sa.Connection) -> None:
    for kind, name in _of(connection, "public"):
        connection.exec_driver_sql(f"DROP {kind} IF EXISTS public.{name} CASCADE")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise UsageError(
            f"{name} is not installed; on Debian: apt-get install postgresql-client "
            "(not older than the server)"
        )
    return found


def _run(command: list[str], url: str) -> None:
    """The address goes through the environment: everyone on the machine can read a command line."""
    done = subprocess.run(  # noqa: S603 - our own words
        command, env=os.environ | _environment(url), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = " ".join(done.stderr.split())[:400]
        hint = ""
        if "version mismatch" in said:
            hint = "; install the postgresql-client of the server's version"
        raise TrolyError(f"{Path(command[0]).name} failed: {said}{hint}")


def _environment(url: str) -> dict[str, str]:
    address = make_url(url.replace("postgres://", "postgresql://", 1))
    query: dict[str, Any] = dict(address.query)
    values = {
        "PGHOST": address.host or query.get("host"),
        "PGPORT": address.port or query.get("port"),
        "PGUSER": address.username,
        "PGPASSWORD": address.password,
        "PGDATABASE": address.database,
        "PGSSLMODE": query.get("sslmode") or query.get("ssl"),
        "PGSSLROOTCERT": query.get("sslrootcert"),
    }
    return {name: str(value) for name, value in values.items() if value}
