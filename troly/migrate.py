"""The database's schema: brings it to what this version of the code needs, and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError

from troly.database import engine, reach
from troly.errors import UsageError
from troly.table_locks import lock_tables, when_free
from troly.tables import metadata
from troly.tables.base import JsonText, UtcDateTime

MIGRATIONS = Path(__file__).parent / "migrations"

# Any number will do; it only has to be the same in every process that migrates.
_LOCK = 7_240_815


def upgrade(url: str, to: str = "head") -> None:
    """Bring the schema up to a revision; nothing happens where it is there already.

    Several processes may call it at once: one migrates, the others wait. Raises SettingError when
    the database cannot be reached, and UsageError when a newer version of the code has made it.
    """
    _change(url, lambda config: command.upgrade(config, to), to)


def downgrade(url: str, to: str) -> None:
    """Take the schema back to a revision ("base" is before the first). Data of dropped tables are lost."""
    _change(url, lambda config: command.downgrade(config, to), to)


def current(url: str) -> str | None:
    """The revision that the schema is at; None before the first migration."""
    with _connected(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """The revision that this version of the code needs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def knows(name: str) -> bool:
    """Whether this version of the code can bring a schema of that revision up to date."""
    try:
        return ScriptDirectory.from_config(_config()).get_revision(name) is not None
    except CommandError:
        return False


def revision(message: str) -> Path:
    """Write the migration from the newest revision to the tables as they are in the code; its file.

    The difference is read off an empty SQLite database in memory. Look the file over before keeping
    it: a renamed column shows as one dropped and one added.
    """
    slug = re.sub(r"\W+", "_", message.lower()).strip("_")
    with _alembic("sqlite://") as config:
        command.upgrade(config, "head")
        number = len(list(ScriptDirectory.from_config(config).walk_revisions())) + 1
        made: Any = command.revision(config, message, autogenerate=True, rev_id=f"{number:04}_{slug}"[:32])
    path = Path(made.path)
    path.write_text(re.sub(r"^ *# ###.*\n", "", path.read_text("utf-8"), flags=re.M), "utf-8")
    return path


def _change(url: str, change: Callable[[Config], None], to: str) -> None:
    """Under the locks of all tables, unless the schema is there already."""

    def once() -> None:
        with _alembic(url) as config:
            connection = config.attributes["connection"]
            found = MigrationContext.configure(connection).get_current_revision()
            if found is not None and found != ScriptDirectory.from_config(config).as_revision_number(to):
                lock_tables(connection)
            change(config)

    when_free(once)


def _render(kind: str, item: Any, context: Any) -> str | bool:
    """Migrations name the database's types, not ours, so that they still run when ours change."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JsonText):
        return "sa.Text()"
    return False


def _described(name: str | None, _kind: str, _parents: Any) -> bool:
    """Whether the tables describe it: the full-text index is other on each database (tables/turns.py)."""
    return not (name or "").startswith("turn_search")


SETTINGS: dict[str, Any] = {
    "target_metadata": metadata,
    "include_name": _described,
    "render_item": _render,
    "compare_type": True,
    # SQLite changes a table by copying it.
    "render_as_batch": True,
}
"""How env.py configures Alembic, also for comparing a database with the tables."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s")
    return config


@contextmanager
def _alembic(url: str) -> Iterator[Config]:
    with _connected(url) as connection:
        config = _config()
        config.attributes["connection"] = connection
        try:
            yield config
        except CommandError as error:
            raise UsageError(
                f"DATABASE_URL: {error}; use the version of troly that made this database"
            ) from None


@contextmanager
def _connected(url: str) -> Iterator[sa.Connection]:
    """One transaction, in which no other process migrates."""
    made = engine(url)
    if made.dialect.name == "sqlite":
        _make_transactional(made)
    try:
        with reach(made) as connection, connection.begin():
            if made.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            yield connection
    finally:
        made.dispose()


def _make_transactional(made: sa.Engine) -> None:
    """Python's sqlite3 commits before each CREATE TABLE; a failed migration must leave nothing behind.

    BEGIN IMMEDIATE takes the write lock at once, so that a second process waits for the first one's
    migration. Foreign keys are off meanwhile: copying a table drops it, and would delete its children.
    """

    @sa.event.listens_for(made, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=OFF")

    @sa.event.listens_for(made, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
