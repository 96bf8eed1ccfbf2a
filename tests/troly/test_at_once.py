"""A transaction that is done at once: all or nothing, its connection given back, the event loop free."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from troly.database import async_engine, at_once


@pytest.fixture(params=["prompt", "threads", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """An engine of each kind, with an empty table of words."""
    if request.param == "postgresql":
        made = async_engine(request.getfixturevalue("postgres_url"), pool_size=1, max_overflow=0)
    else:
        made = async_engine(
            f"sqlite:///{tmp_path / 'some.db'}", prompt=request.param == "prompt", pool_size=1, max_overflow=0
        )
    await at_once(made, lambda connection: connection.execute(text("CREATE TABLE word (word TEXT)")))
    yield made
    await made.dispose()


def words(connection: Connection) -> list[str]:
    return list(connection.scalars(text("SELECT word FROM word ORDER BY word")))


def add(connection: Connection, word: str) -> None:
    connection.execute(text("INSERT INTO word VALUES (:word)"), {"word": word})


async def test_what_was_written_stays(engine: AsyncEngine) -> None:
    def write(connection: Connection) -> int:
        add(connection, "a")
        add(connection, "b")
        return 2

    assert await at_once(engine, write) == 2
    assert await at_once(engine, words) == ["a", "b"]


async def test_a_failure_undoes_all_and_gives_the_connection_back(engine: AsyncEngine) -> None:
    def fail(connection: Connection) -> None:
        add(connection, "a")
        raise LookupError("failed")

    for _ in range(3):  # there is but one connection
        with pytest.raises(LookupError):
            await at_once(engine, fail)
    assert await at_once(engine, words) == []


async def test_many_take_turns_with_one_connection(engine: AsyncEngine) -> None:
    names = sorted(str(number) for number in range(20))
    await asyncio.gather(
        *(at_once(engine, lambda connection, name=name: add(connection, name)) for name in names)
    )
    assert await at_once(engine, words) == names


@pytest.mark.parametrize("prompt", [True, False])
async def test_who_is_cancelled_while_waiting_leaves_nothing(tmp_path: Path, prompt: bool) -> None:
    file = tmp_path / "some.db"
    made = async_engine(f"sqlite:///{file}", prompt=prompt, pool_size=1, max_overflow=0)
    await at_once(made, lambda connection: connection.execute(text("CREATE TABLE word (word TEXT)")))
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(at_once(made, lambda connection: add(connection, "late")))
    for _ in range(20):
        await asyncio.sleep(0.01)  # the event loop is free meanwhile
    waiting.cancel()
    await asyncio.sleep(0.01)
    other.execute("COMMIT")
    with pytest.raises(asyncio.CancelledError):
        await waiting
    other.close()
    assert await asyncio.wait_for(at_once(made, words), 5) == []
    await made.dispose()
