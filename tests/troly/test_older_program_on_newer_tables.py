"""Tables are changed under a running program of the version before: what that one writes must still fit.

The rule is in docs/operating.md: a migration only adds, and what it adds may be left out.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from troly import migrate
from troly.database import engine

# What an answer touches, parents first.
DELIVERY = (
    "conversation", "inbox", "outbox", "address", "media", "rating", "turn", "lease", "daily_count",
    "tracker_event", "tracker_snapshot", "platform_token", "handover",
)  # fmt: skip
SINCE = "0008_console"
"""The first revision under which an upgrade while running is promised."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'troly.db'}"
    address: str = request.getfixturevalue("postgres_url")
    return address


def _value(column: sa.Column[Any], number: int) -> Any:
    if column.name == "conversation_id":
        return f"c{number}"
    kind = column.type
    if isinstance(kind, sa.DateTime):
        return datetime(2026, 11, 20, 8, 0, number, tzinfo=UTC)
    if isinstance(kind, sa.Boolean):
        return False
    if isinstance(kind, (sa.Integer, sa.Float, sa.Numeric)):
        return number
    if isinstance(kind, sa.Date):
        return datetime(2026, 11, 20, tzinfo=UTC).date()
    word = f"c{number}" if column.table.name == "conversation" and column.name == "id" else f"w{number}"
    return word[: getattr(kind, "length", None) or 9]


def _write(connection: sa.Connection, tables: dict[str, sa.Table], number: int) -> None:
    """A row into each table with every column that the old program knows, changed and read as it would."""
    for table in tables.values():
        row = {
            column.name: _value(column, number)
            for column in table.columns
            if column.computed is None
            and not (column.primary_key and isinstance(column.type, sa.Integer) and column.autoincrement)
        }
        connection.execute(sa.insert(table).values(row))
        connection.execute(sa.update(table).values({name: row[name] for name in list(row)[-1:]}))
        assert connection.execute(sa.select(table)).first()


def _old_revisions() -> list[str]:
    found = [path.stem for path in sorted((migrate.MIGRATIONS / "versions").glob("0*.py"))]
    return found[found.index(SINCE) : -1]


@pytest.mark.parametrize("revision", _old_revisions())
def test_what_the_older_program_writes_fits_the_newer_tables(url: str, revision: str) -> None:
    migrate.upgrade(url, revision)
    made = engine(url)
    known = sa.MetaData()
    known.reflect(made, only=list(DELIVERY))
    tables = {name: known.tables[name] for name in DELIVERY}
    with made.begin() as connection:
        _write(connection, tables, 1)
    migrate.upgrade(url)
    with made.begin() as connection:
        _write(connection, tables, 2)
        count = sa.select(sa.func.count()).select_from(tables["conversation"])
        assert connection.scalar(count) == 2
    made.dispose()


def test_this_would_be_noticed_a_new_column_that_must_be_filled(url: str) -> None:
    migrate.upgrade(url)
    made = engine(url)
    known = sa.MetaData()
    known.reflect(made, only=list(DELIVERY))
    tables = {name: known.tables[name] for name in DELIVERY}
    with made.begin() as connection:
        connection.exec_driver_sql("DROP TABLE lease")
        connection.exec_driver_sql(
            "CREATE TABLE lease (name VARCHAR(40) PRIMARY KEY, owner VARCHAR(64), until TIMESTAMP, "
            "place VARCHAR(9) NOT NULL)"
        )
    with pytest.raises(sa.exc.IntegrityError), made.begin() as connection:
        _write(connection, {"lease": tables["lease"]}, 1)
    made.dispose()
