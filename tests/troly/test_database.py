"""Addresses of databases, as operators write them, and how SQLite is opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from troly.database import async_engine, engine
from troly.errors import SettingError

_WANTED = {"journal_mode": "wal", "synchronous": 1, "busy_timeout": 10000, "foreign_keys": 1}


def test_sqlite_waits_for_other_writers_and_checks_references(tmp_path: Path) -> None:
    made = engine(f"sqlite:///{tmp_path / 'a.db'}")
    with made.connect() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in _WANTED}
    made.dispose()
    assert found == _WANTED


async def test_the_asynchronous_engine_opens_sqlite_the_same_way(tmp_path: Path) -> None:
    made = async_engine(f"sqlite:///{tmp_path / 'a.db'}")
    async with made.connect() as connection:
        found = {name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar() for name in _WANTED}
    await made.dispose()
    assert found == _WANTED


def test_the_folder_of_a_new_sqlite_file_is_made(tmp_path: Path) -> None:
    made = engine(f"sqlite:///{tmp_path / 'new' / 'deep' / 'a.db'}")
    with made.connect() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1
    made.dispose()


def test_making_an_engine_connects_to_nothing(tmp_path: Path) -> None:
    engine(f"sqlite:///{tmp_path / 'a.db'}").dispose()
    engine("postgresql://nobody:x@127.0.0.1:9/none").dispose()
    assert not (tmp_path / "a.db").exists()


@pytest.mark.parametrize(
    "url",
    [
        "postgres://u:p%40ss@db:5433/troly",
        "postgresql://u:p%40ss@db:5433/troly",
        "postgresql+psycopg2://u:p%40ss@db:5433/troly",
        "postgresql+asyncpg://u:p%40ss@db:5433/troly",
    ],
)
def test_every_way_to_write_a_postgresql_address_works_for_both_engines(url: str) -> None:
    rest = "://u:p%40ss@db:5433/troly"
    assert engine(url).url.render_as_string(False) == f"postgresql+psycopg2{rest}"
    assert async_engine(url).url.render_as_string(False) == f"postgresql+asyncpg{rest}"


@pytest.mark.parametrize("parameter", ["sslmode=require", "ssl=require"])
def test_each_driver_gets_its_own_word_for_encryption(parameter: str) -> None:
    url = f"postgresql://u@db/troly?{parameter}"
    assert engine(url).url.query == {"sslmode": "require"}
    assert async_engine(url).url.query == {"ssl": "require"}


@pytest.mark.parametrize("url", ["", "troly.db", "postgresql://u:p@db:port/troly"])
def test_what_is_no_address_names_the_setting_and_an_example(url: str) -> None:
    with pytest.raises(SettingError, match=r"^DATABASE_URL: not an address; for example postgresql://"):
        engine(url)
    with pytest.raises(SettingError, match=r"^DATABASE_URL: "):
        async_engine(url)


def test_an_address_error_never_repeats_the_password() -> None:
    with pytest.raises(SettingError) as raised:
        engine("postgresql://u:geheim@db:port/troly")
    assert "geheim" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_other_databases_are_refused_with_those_that_work() -> None:
    with pytest.raises(
        SettingError, match=r"^DATABASE_URL: mysql is not supported; use sqlite:///… or postgresql"
    ):
        engine("mysql://u@db/troly")


@pytest.mark.postgres
async def test_both_engines_reach_a_real_postgresql(postgres_url: str) -> None:
    url = f"{postgres_url.replace('postgresql', 'postgres')}?sslmode=disable"
    made = engine(url)
    with made.connect() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1
    made.dispose()
    other = async_engine(url)
    async with other.connect() as connection:
        assert await connection.scalar(sa.text("SELECT 1")) == 1
    await other.dispose()


def test_a_folder_that_cannot_be_made_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match=r"^DATA_DIR: cannot make the folder .*file"):
        engine(f"sqlite:///{tmp_path / 'file' / 'troly.db'}")


def test_a_new_file_that_another_program_holds_for_a_moment_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "troly.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE kiosk (id INTEGER)")
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("troly.database.time.sleep", lambda _seconds: other.close())
    made = engine(f"sqlite:///{path}", connect_args={"timeout": 0})
    with made.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    made.dispose()
