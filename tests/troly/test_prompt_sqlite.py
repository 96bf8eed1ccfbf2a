"""Short statements run in the event loop; what meets a lock waits in a thread."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from troly import prompt_sqlite
from troly.database import async_engine


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "some.db"
    with sqlite3.connect(path) as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE word (word TEXT PRIMARY KEY)")
    made.close()
    return path


async def test_a_statement_needs_no_thread(file: Path) -> None:
    made = async_engine(f"sqlite:///{file}", prompt=True)
    seen = []
    async with made.begin() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        assert isinstance(raw, prompt_sqlite.PromptConnection)
        raw.create_function("here", 0, lambda: seen.append(threading.current_thread()) or 1)
        await connection.execute(text("INSERT INTO word SELECT 'a' WHERE here() = 1"))
    async with made.connect() as connection:
        assert (await connection.scalars(text("SELECT word FROM word"))).all() == ["a"]
    await made.dispose()
    assert seen == [threading.main_thread()]


async def test_what_meets_a_lock_waits_without_holding_up_the_loop(file: Path) -> None:
    made = async_engine(f"sqlite:///{file}", prompt=True)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO word VALUES ('first')")

    async def write() -> None:
        async with made.begin() as connection:
            await connection.execute(text("INSERT INTO word VALUES ('second')"))

    writing = asyncio.create_task(write())
    for _ in range(20):
        await asyncio.sleep(0.01)  # a loop that waited for the lock would never come back here
    assert not writing.done()
    other.execute("COMMIT")
    await asyncio.wait_for(writing, 10)
    assert [row[0] for row in other.execute("SELECT word FROM word ORDER BY rowid")] == ["first", "second"]
    other.close()
    await made.dispose()


async def test_a_lock_that_is_soon_gone_needs_no_thread(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def patiently(connection: object, fn: object) -> None:
        raise AssertionError("left to the thread")

    monkeypatch.setattr(prompt_sqlite, "_patiently", patiently)
    monkeypatch.setattr(prompt_sqlite, "_PAUSES", (0.1,) * 100)
    made = async_engine(f"sqlite:///{file}", prompt=True)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    asyncio.get_running_loop().call_later(0.05, other.execute, "ROLLBACK")
    async with made.begin() as connection:
        await connection.execute(text("INSERT INTO word VALUES ('second')"))
    other.close()
    await made.dispose()


async def test_a_lock_that_stays_is_an_error(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_sqlite, "WAIT", 0.05)
    made = async_engine(f"sqlite:///{file}", prompt=True)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="locked"):
        async with made.begin() as connection:
            await connection.execute(text("INSERT INTO word VALUES ('second')"))
    other.close()
    async with made.begin() as connection:
        await connection.execute(text("INSERT INTO word VALUES ('third')"))
    await made.dispose()


async def test_two_writers_of_one_loop_both_get_there(file: Path) -> None:
    made = async_engine(f"sqlite:///{file}", prompt=True)

    async def write(word: str) -> None:
        async with made.begin() as connection:
            await connection.execute(text("INSERT INTO word VALUES (:word)"), {"word": word})
            await asyncio.sleep(0.02)

    await asyncio.gather(*(write(str(number)) for number in range(5)))
    async with made.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM word")) == 5
    await made.dispose()


async def test_an_outdated_snapshot_is_an_error_at_once(file: Path) -> None:
    made = async_engine(f"sqlite:///{file}", prompt=True)
    async with made.connect() as connection:
        await connection.exec_driver_sql("BEGIN")
        await connection.execute(text("SELECT count(*) FROM word"))
        with sqlite3.connect(file) as other:
            other.execute("INSERT INTO word VALUES ('between')")
        other.close()
        with pytest.raises(OperationalError, match="locked"):
            await connection.execute(text("INSERT INTO word VALUES ('late')"))
    await made.dispose()


async def test_a_broken_statement_is_said_and_the_connection_stays_good(file: Path) -> None:
    made = async_engine(f"sqlite:///{file}", prompt=True)
    async with made.connect() as connection:
        with pytest.raises(OperationalError, match="no such table"):
            await connection.execute(text("SELECT * FROM nowhere"))
        assert await connection.scalar(text("SELECT 1")) == 1
    await made.dispose()


async def test_a_database_in_memory_stays_with_its_thread() -> None:
    made = async_engine("sqlite:///:memory:", prompt=True)
    async with made.connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        assert not isinstance(raw, prompt_sqlite.PromptConnection)
    await made.dispose()


async def test_who_is_cancelled_while_waiting_leaves_a_good_connection(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompt_sqlite, "_PAUSES", ())  # straight to the thread
    monkeypatch.setattr(prompt_sqlite, "WAIT", 0.3)
    made = async_engine(f"sqlite:///{file}", prompt=True)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), made.begin() as connection:
            await connection.execute(text("INSERT INTO word VALUES ('late')"))
    other.execute("COMMIT")
    async with made.begin() as connection:
        await connection.execute(text("INSERT INTO word VALUES ('after')"))
    assert [row[0] for row in other.execute("SELECT word FROM word")] == ["after"]
    other.close()
    await made.dispose()


async def test_who_finds_all_connections_taken_waits_for_one(file: Path) -> None:
    made = async_engine(f"sqlite:///{file}", prompt=True, pool_size=1, max_overflow=0)

    async def read() -> None:
        async with made.connect() as connection:
            await connection.execute(text("SELECT 1"))
            await asyncio.sleep(0.02)

    await asyncio.wait_for(asyncio.gather(*(read() for _ in range(5))), 5)
    await made.dispose()


async def test_what_fails_is_undone(file: Path) -> None:
    made = async_engine(f"sqlite:///{file}", prompt=True)
    with pytest.raises(RuntimeError, match="later"):
        async with made.begin() as connection:
            await connection.execute(text("INSERT INTO word VALUES ('half')"))
            raise RuntimeError("later")
    async with made.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM word")) == 0
    await made.dispose()


async def test_rows_are_read_when_a_statement_is_done(file: Path) -> None:
    made = async_engine(f"sqlite:///{file}", prompt=True)
    async with made.begin() as connection:
        given = [{"word": str(number)} for number in range(5)]
        await connection.execute(text("INSERT INTO word VALUES (:word)"), given)
    async with made.connect() as connection:
        found = await connection.execute(text("SELECT word FROM word ORDER BY word"))
        assert found.fetchone() == ("0",)
        assert found.fetchmany(2) == [("1",), ("2",)]
        await connection.rollback()  # an open statement would keep the snapshot
        with sqlite3.connect(file) as other:
            other.execute("DELETE FROM word")
        other.close()
        assert await connection.scalar(text("SELECT count(*) FROM word")) == 0
    await made.dispose()
