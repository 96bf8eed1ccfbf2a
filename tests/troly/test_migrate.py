"""The schema that migrations make is the one that the code describes, on both databases."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from troly import migrate
from troly.database import engine
from troly.errors import SettingError, UsageError
from troly.table_locks import lock_tables, when_free
from troly.tables import metadata


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'troly.db'}"
    address: str = request.getfixturevalue("postgres_url")
    return address


def tables_of(url: str) -> set[str]:
    made = engine(url)
    try:
        return set(sa.inspect(made).get_table_names())
    finally:
        made.dispose()


def differences(url: str) -> list[Any]:
    made = engine(url)
    try:
        with made.connect() as connection:
            options = {
                key: migrate.SETTINGS[key] for key in ("target_metadata", "compare_type", "include_name")
            }
            return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))
    finally:
        made.dispose()


def test_the_migrated_schema_is_that_of_the_tables(url: str) -> None:
    assert differences(url), "an empty database must differ, or this test compares nothing"
    migrate.upgrade(url)
    assert differences(url) == []


def test_an_upgraded_database_knows_its_revision_and_is_left_alone_the_second_time(url: str) -> None:
    assert migrate.current(url) is None
    migrate.upgrade(url)
    assert migrate.current(url) == migrate.newest() is not None
    before = tables_of(url)
    migrate.upgrade(url)
    assert tables_of(url) == before


def test_every_migration_can_be_taken_back_and_made_again(url: str) -> None:
    migrate.upgrade(url)
    migrate.downgrade(url, "base")
    assert tables_of(url) <= {"alembic_version"}
    migrate.upgrade(url)
    assert differences(url) == []


def test_an_older_database_keeps_everything_when_it_is_upgraded(url: str) -> None:
    """A conversation as the first version wrote it: with a message that waits, and one that is answered."""
    migrate.upgrade(url, "0001_initial")
    moment = "2026-11-20 08:00:00"
    statements = [
        "INSERT INTO conversation VALUES ('c1', 'web', 'vi', 2, 2, '{0}', '{0}')",
        "INSERT INTO inbox (id, channel, message_id, conversation_id, number, text, received_at, state,"
        " due_at, attempts) VALUES ('m1', 'web', 'c1:1', 'c1', 1, 'khai sinh', '{0}', 'done', '{0}', 1),"
        " ('m2', 'web', 'c1:2', 'c1', 2, 'khai tử', '{0}', 'waiting', '{0}', 0)",
        "INSERT INTO outbox (conversation_id, number, kind, inbox_id, content, created_at) VALUES"
        " ('c1', 1, 'reply', NULL, '{{\"text\": \"chào\"}}', '{0}'), ('c1', 2, 'reply', 'm1', '{{}}', '{0}')",
        "INSERT INTO rating (conversation_id, target, scale, value, comment, created_at) VALUES"
        " ('c1', 'reply:2', 'stars', 5, 'tốt', '{0}')",
    ]
    columns = {
        "conversation": "id, channel, language, last_message, last_event, created_at",
        "inbox": "id, message_id, number, text, state, due_at, attempts",
        "outbox": "id, conversation_id, number, kind, inbox_id, content, created_at",
        "rating": "target, value, comment",
    }

    def content(connection: sa.Connection) -> dict[str, list[Any]]:
        return {
            table: [
                tuple(row) for row in connection.exec_driver_sql(f"SELECT {names} FROM {table} ORDER BY 1")
            ]
            for table, names in columns.items()
        }

    made = engine(url)
    with made.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.format(moment))
        before = content(connection)
    made.dispose()
    migrate.upgrade(url)
    made = engine(url)
    with made.begin() as connection:
        assert content(connection) == before
        assert [len(found) for found in before.values()] == [1, 2, 2, 1]
        added = connection.exec_driver_sql("SELECT state, due_at, attempts, parts_sent, repeated FROM outbox")
        assert [tuple(row) for row in added] == [(None, None, 0, 0, 0)] * 2
        # Foreign keys hold as before: erasing a conversation takes all of it.
        connection.exec_driver_sql("DELETE FROM conversation")
        assert [len(found) for found in content(connection).values()] == [0, 0, 0, 0]
    made.dispose()


def test_processes_that_migrate_at_once_wait_for_each_other(url: str) -> None:
    errors: list[BaseException] = []

    def run() -> None:
        try:
            migrate.upgrade(url)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert differences(url) == []


def test_a_failed_migration_leaves_nothing_behind(url: str, copied_migrations: Path) -> None:
    (copied_migrations / "versions" / "0002_broken.py").write_text(
        "from alembic import op\nimport sqlalchemy as sa\n"
        "revision, down_revision, branch_labels, depends_on = '0002', '0001_initial', None, None\n"
        "def upgrade():\n"
        "    op.create_table('half', sa.Column('id', sa.Integer(), primary_key=True))\n"
        "    op.execute('this is no SQL')\n"
        "def downgrade():\n    pass\n",
        encoding="utf-8",
    )
    with pytest.raises(sa.exc.DBAPIError):
        migrate.upgrade(url)
    assert "half" not in tables_of(url)
    assert migrate.current(url) is None


def test_a_new_table_gets_a_migration_written(
    tmp_path: Path, copied_migrations: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = sa.MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.sorted_tables:
        table.to_metadata(changed)
    sa.Table("kiosk", changed, sa.Column("id", sa.Integer(), primary_key=True))
    monkeypatch.setitem(migrate.SETTINGS, "target_metadata", changed)
    written = migrate.revision("add kiosks")
    assert written == copied_migrations / "versions" / "0002_add_kiosks.py"
    url = f"sqlite:///{tmp_path / 'troly.db'}"
    migrate.upgrade(url)
    assert "kiosk" in tables_of(url)


def test_a_database_of_a_newer_version_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "troly.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999_from_the_future')")
    with pytest.raises(UsageError, match=r"9999_from_the_future.*version of troly"):
        migrate.upgrade(f"sqlite:///{path}")


def test_a_server_that_does_not_answer_is_named_with_its_setting(free_port: int) -> None:
    with pytest.raises(SettingError, match=r"^DATABASE_URL: .*does not answer") as caught:
        migrate.upgrade(f"postgresql://troly@127.0.0.1:{free_port}/troly")
    assert "\n" not in str(caught.value)


@pytest.fixture
def copied_migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the migrations up to the first, which a test may add to."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    for name in ("env.py", "script.py.mako", "versions/0001_initial.py"):
        (folder / name).write_bytes((migrate.MIGRATIONS / name).read_bytes())
    monkeypatch.setattr(migrate, "MIGRATIONS", folder)
    return folder


@pytest.mark.postgres
def test_a_migration_waits_for_a_program_that_holds_a_table_and_ends_nobody(postgres_url: str) -> None:
    """The program holds one table and then wants another: it must get it, before it counts as a deadlock."""
    migrate.upgrade(postgres_url)
    migrate.downgrade(postgres_url, "-1")
    made = engine(postgres_url)
    holding, waited = threading.Event(), threading.Event()
    failed: list[Exception] = []

    def program() -> None:
        try:
            with made.begin() as connection:
                connection.execute(sa.text("SELECT count(*) FROM outbox"))
                holding.set()
                waited.wait(1.0)
                connection.execute(sa.text("SELECT count(*) FROM conversation"))
        except sa.exc.DBAPIError as error:
            failed.append(error)

    running = threading.Thread(target=program)
    running.start()
    assert holding.wait(10)
    migrate.upgrade(postgres_url)
    running.join(10)
    made.dispose()
    assert failed == []
    assert migrate.current(postgres_url) == migrate.newest()


@pytest.mark.postgres
def test_a_migration_that_finds_no_free_moment_says_what_to_do(postgres_url: str) -> None:
    made = engine(postgres_url)
    migrate.upgrade(postgres_url)
    with made.begin() as connection:
        connection.execute(sa.text("SELECT count(*) FROM outbox"))

        def change() -> None:
            with made.begin() as other:
                lock_tables(other)

        with pytest.raises(UsageError, match="troly db upgrade"):
            when_free(change, patience=0.5)
    when_free(change, patience=0.5)
    made.dispose()
