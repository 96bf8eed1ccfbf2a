"""A statement that is run again goes straight to SQLite, and nobody can tell from what comes of it."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import weakref
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    event,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.sqlite import insert as insert_or
from sqlalchemy.exc import (
    IntegrityError,
    InvalidRequestError,
    OperationalError,
    PendingRollbackError,
    ResourceClosedError,
    StatementError,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from troly.clock import now
from troly.database import async_engine, at_once
from troly.prompt_connection import StatementConnection
from troly.prompt_sqlite import PromptConnection
from troly.prompt_statements import Prepared, PromptResult
from troly.tables.base import JsonText, UtcDateTime

NOTE = Table(
    "note",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", String(20), unique=True),
    Column("at", UtcDateTime),
    Column("data", JsonText),
    Column("kind", String(10), default="plain"),
    Column("done", Boolean, default=False),
    Column("weight", Float),
)
MADE = Table(
    "made", MetaData(), Column("id", Integer, primary_key=True), Column("at", UtcDateTime, default=now)
)
MOMENT = datetime(2026, 3, 1, 7, 30, tzinfo=timezone(timedelta(hours=7)))


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """A database with two empty tables."""
    made = async_engine(f"sqlite:///{tmp_path / 'some.db'}", prompt=True, hide_parameters=True)
    for table in (NOTE, MADE):
        await at_once(made, table.create)
    yield made
    await made.dispose()


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements that went straight to SQLite."""
    run: list[str] = []
    straight = StatementConnection._run

    def noting(self: Any, known: Prepared, values: Any) -> PromptResult:
        run.append(known.sql)
        return straight(self, known, values)

    monkeypatch.setattr(StatementConnection, "_run", noting)
    yield run


def row(number: int, **more: object) -> dict[str, object]:
    return {"id": number, "name": f"số {number}", "at": MOMENT, "data": {"chữ": [number, None]}, **more}


async def four_times(engine: AsyncEngine, statement: Any, values: list[Any]) -> list[Any]:
    """What the statement gives, run with each of the values: twice by SQLAlchemy, then straight."""
    found = []
    async with engine.begin() as connection:
        for given in values:
            result = await connection.execute(statement, given)
            found.append(result.all() if result.returns_rows else result.rowcount)
    return found


async def test_what_was_written_straight_is_read_straight_as_it_was_given(
    engine: AsyncEngine, prepared: list[str]
) -> None:
    await four_times(engine, insert(NOTE), [row(number, weight=0.5) for number in range(4)])
    statement = select(NOTE).where(NOTE.c.id == bindparam("number"), NOTE.c.kind == "plain")
    found = await four_times(engine, statement, [{"number": number} for number in range(4)])
    assert len(prepared) == 4
    for number, rows in enumerate(found):
        (it,) = rows
        assert it == (number, f"số {number}", MOMENT, {"chữ": [number, None]}, "plain", False, 0.5)
        assert (it.name, it.at.tzinfo, it._mapping[NOTE.c.data]) == (it[1], UTC, it.data)
        assert it.done is False


async def test_every_way_to_take_rows_is_there(engine: AsyncEngine, prepared: list[str]) -> None:
    await four_times(engine, insert(NOTE), [row(number) for number in range(4)])
    statement = select(NOTE.c.id, NOTE.c.name).where(NOTE.c.id < bindparam("end")).order_by(NOTE.c.id)
    async with engine.connect() as connection:
        for _ in range(3):
            assert (await connection.scalar(statement, {"end": 9})) == 0
            assert (await connection.scalar(statement, {"end": 0})) is None
            assert (await connection.scalars(statement, {"end": 2})).all() == [0, 1]
            result = await connection.execute(statement, {"end": 2})
            assert [name for _, name in result] == ["số 0", "số 1"]
            assert (await connection.execute(statement, {"end": 0})).first() is None
            assert (await connection.execute(statement, {"end": 1})).one() == (0, "số 0")
            (mapped,) = (await connection.execute(statement, {"end": 1})).mappings()
            assert dict(mapped) == {"id": 0, "name": "số 0"}
            assert list((await connection.execute(statement, {"end": 1})).keys()) == ["id", "name"]
    assert prepared


async def test_changed_rows_are_counted_and_returned(engine: AsyncEngine, prepared: list[str]) -> None:
    await four_times(engine, insert(NOTE), [row(number) for number in range(4)])
    changing = update(NOTE).where(NOTE.c.id <= bindparam("last"))
    values = [
        {"last": 0, "kind": "a"},
        {"last": 1, "kind": "b"},
        {"last": 2, "kind": "c"},
        {"last": -1, "kind": "d"},
    ]
    assert await four_times(engine, changing, values) == [1, 2, 3, 0]
    returning = changing.values(weight=bindparam("more") + 1).returning(NOTE.c.id, NOTE.c.data)
    found = await four_times(engine, returning, [{"last": 0, "more": 1.5}] * 4)
    assert found == [[(0, {"chữ": [0, None]})]] * 4
    assert await four_times(engine, delete(NOTE).where(NOTE.c.id == bindparam("one")), [{"one": 3}] * 4) == [
        1,
        0,
        0,
        0,
    ]
    assert len([sql for sql in prepared if sql.startswith(("UPDATE", "DELETE"))]) == 6


async def test_other_columns_are_another_statement(engine: AsyncEngine, prepared: list[str]) -> None:
    await four_times(engine, insert(NOTE), [row(1)])
    changing = update(NOTE).where(NOTE.c.id == bindparam("number"))
    for values in (
        {"kind": "a"},
        {"weight": 2.0},
        {"kind": "b", "weight": 3.0},
        {"weight": 4.0, "kind": "c"},
    ):
        await four_times(engine, changing, [{"number": 1, **values}] * 4)
        found = await four_times(engine, select(*(NOTE.c[name] for name in values)), [None])
        assert found == [[tuple(values.values())]]
    assert len(prepared) == 8


async def test_many_rows_are_written_at_once(engine: AsyncEngine, prepared: list[str]) -> None:
    writing = insert(NOTE)
    await four_times(engine, writing, [[row(number), row(number + 1)] for number in range(0, 8, 2)])
    await four_times(engine, writing, [[row(number)] for number in range(8, 12)])
    found = await four_times(engine, select(NOTE.c.id, NOTE.c.kind, NOTE.c.done), [None])
    assert found == [[(number, "plain", False) for number in range(12)]]
    assert len(prepared) == 4


async def test_what_is_there_already_is_left(engine: AsyncEngine, prepared: list[str]) -> None:
    storing = insert_or(NOTE).on_conflict_do_nothing(index_elements=["name"]).returning(NOTE.c.id)
    found = await four_times(engine, storing, [row(1), row(2), row(3), row(4) | {"name": "số 1"}, row(5)])
    assert found == [[(1,)], [(2,)], [(3,)], [], [(5,)]]
    assert len(prepared) == 3


@pytest.mark.parametrize(
    "statement",
    [
        select(NOTE.c.id).where(NOTE.c.id.in_(bindparam("ids", expanding=True))),
        select(NOTE.c.id).where(NOTE.c.id.in_([1, 2])),
        select(func.count()).select_from(NOTE).execution_options(preserve_rowcount=True),
        text("SELECT count(*) FROM note"),
        insert(MADE),
        update(MADE).values(at=bindparam("moment", callable_=now)),
    ],
    ids=str,
)
async def test_the_unusual_is_left_to_sqlalchemy(
    engine: AsyncEngine, statement: Any, prepared: list[str]
) -> None:
    async with engine.begin() as connection:
        for _ in range(4):
            await connection.execute(
                statement, {"ids": [1]} if "__[POSTCOMPILE_ids" in str(statement) else None
            )
    assert not prepared
    async with engine.connect() as connection:
        moments = (await connection.scalars(select(MADE.c.at))).all()
    assert all(moments)


async def test_what_a_row_is_given_by_a_function_is_made_for_each(engine: AsyncEngine) -> None:
    await four_times(engine, insert(MADE), [{"id": number} for number in range(4)])
    async with engine.connect() as connection:
        assert len(set(await connection.scalars(select(MADE.c.at)))) == 4


async def test_a_second_row_of_a_name_is_the_same_error(engine: AsyncEngine, prepared: list[str]) -> None:
    writing = insert(NOTE)
    await four_times(engine, writing, [row(1), row(2), row(3)])
    with pytest.raises(IntegrityError, match="UNIQUE") as raised:
        async with engine.begin() as connection:
            await connection.execute(writing, row(9))
            await connection.execute(writing, row(1))
    assert isinstance(raised.value.orig, sqlite3.IntegrityError)
    assert "số 1" not in str(raised.value), "hidden, as the engine was told"
    assert len(prepared) == 3
    async with engine.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(NOTE)) == 3


async def test_a_transaction_goes_on_after_an_error_that_was_caught(engine: AsyncEngine) -> None:
    writing = insert(NOTE)
    await four_times(engine, writing, [row(1), row(2), row(3)])

    def work(connection: Connection) -> None:
        connection.execute(writing, row(4))
        with pytest.raises(IntegrityError):
            connection.execute(writing, row(1))
        connection.execute(writing, row(5))

    await at_once(engine, work)
    async with engine.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(NOTE)) == 5


@pytest.mark.parametrize(
    "bad, error",
    [({"wrong": 1}, InvalidRequestError), ({"moment": datetime(2026, 1, 1)}, StatementError)],
)
async def test_bad_values_are_said_as_ever(engine: AsyncEngine, bad: Any, error: type[Exception]) -> None:
    statement = select(NOTE.c.id).where(NOTE.c.at < bindparam("moment"))
    await four_times(engine, statement, [{"moment": MOMENT}] * 3)
    async with engine.connect() as connection:
        with pytest.raises((error, StatementError), match=r"moment|time zone"):
            await connection.execute(statement, bad)
        assert (await connection.execute(statement, {"moment": MOMENT})).all() == []


async def test_a_row_of_many_that_lacks_a_value_is_said_as_ever(engine: AsyncEngine) -> None:
    writing = insert(NOTE)
    await four_times(engine, writing, [[row(number), row(number + 1)] for number in range(0, 6, 2)])
    await four_times(engine, writing, [[row(6), row(7) | {"kind": "other"}]])  # the default, as ever
    with pytest.raises(StatementError, match="'name', in parameter group 1"):
        await four_times(engine, writing, [[row(8), {"id": 9, "at": None, "data": None}]])


async def test_a_statement_without_rows_gives_none(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        writing = insert(NOTE)
        for number in range(4):
            result = await connection.execute(writing, row(number))
            assert not result.returns_rows
            with pytest.raises(ResourceClosedError):
                result.first()
            with pytest.raises(ResourceClosedError):
                result.all()


async def test_who_listens_hears_of_every_statement(engine: AsyncEngine) -> None:
    statement = select(NOTE.c.id).where(NOTE.c.id == bindparam("number"))
    await four_times(engine, statement, [{"number": 1}] * 3)
    heard: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *given: heard.append(given[2]))
    await four_times(engine, statement, [{"number": 1}] * 3)
    assert len(heard) == 3


async def test_a_closed_connection_runs_nothing(engine: AsyncEngine) -> None:
    statement = select(NOTE.c.id)
    await four_times(engine, statement, [None] * 3)
    connection = engine.sync_engine.connect()
    transaction = connection.begin()
    connection.execute(statement)
    transaction.rollback()
    connection.close()
    with pytest.raises(ResourceClosedError):
        connection.execute(statement)


async def test_an_ended_transaction_runs_nothing(engine: AsyncEngine) -> None:
    statement = select(NOTE.c.id)
    await four_times(engine, statement, [None] * 3)
    with engine.sync_engine.connect() as connection, connection.begin() as transaction:
        connection.execute(statement)
        transaction.rollback()
        with pytest.raises((InvalidRequestError, PendingRollbackError)):
            connection.execute(statement)


async def test_a_change_without_begin_is_undone_unless_committed(engine: AsyncEngine) -> None:
    writing = insert(NOTE)
    await four_times(engine, writing, [row(1), row(2), row(3)])
    async with engine.connect() as connection:
        await connection.execute(writing, row(4))
    async with engine.connect() as connection:
        await connection.execute(writing, row(5))
        await connection.commit()
        assert (await connection.scalars(select(NOTE.c.id))).all() == [1, 2, 3, 5]


async def test_a_statement_that_meets_a_lock_waits_for_it(engine: AsyncEngine, prepared: list[str]) -> None:
    writing = insert(NOTE)
    await four_times(engine, writing, [row(1), row(2), row(3)])
    other = sqlite3.connect(str(engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    one = asyncio.create_task(four_times(engine, writing, [row(4)]))
    another = asyncio.create_task(
        at_once(engine, lambda connection: connection.execute(writing, row(5)).rowcount)
    )
    for _ in range(10):
        await asyncio.sleep(0.01)
    assert not one.done() and not another.done()
    other.execute("COMMIT")
    assert await asyncio.wait_for(asyncio.gather(one, another), 10) == [[1], 1]
    other.close()
    assert len(prepared) > 3
    async with engine.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(NOTE)) == 5


async def test_a_lock_that_stays_is_an_error(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("troly.prompt_sqlite.WAIT", 0.05)
    writing = insert(NOTE)
    await four_times(engine, writing, [row(1), row(2), row(3)])
    other = sqlite3.connect(str(engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="locked"):
        await four_times(engine, writing, [row(4)])
    other.execute("ROLLBACK")
    other.close()
    assert await four_times(engine, writing, [row(4)]) == [1]


async def test_a_statement_that_is_gone_is_forgotten(engine: AsyncEngine) -> None:
    statement = select(NOTE.c.id).where(NOTE.c.id == bindparam("number"))
    await four_times(engine, statement, [{"number": 1}] * 4)
    gone = weakref.ref(statement)
    engine.sync_engine.clear_compiled_cache()
    del statement
    gc.collect()
    assert gone() is None


async def test_a_statement_of_too_many_shapes_is_run_all_the_same(
    engine: AsyncEngine, prepared: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("troly.prompt_statements._SHAPES", 2)
    await four_times(engine, insert(NOTE), [row(1)])
    changing = update(NOTE).where(NOTE.c.id == bindparam("number"))
    for values in ({"kind": "a"}, {"weight": 2.0}, {"done": True}, {"name": "x"}):
        assert await four_times(engine, changing, [{"number": 1, **values}] * 3) == [1, 1, 1]
    assert len(prepared) == 2


async def test_a_commit_that_meets_a_lock_is_tried_again(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def commit(self: PromptConnection) -> None:
        calls.append(self.in_transaction)
        if len(calls) == 1:
            busy = sqlite3.OperationalError("database is locked")
            busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise busy
        sqlite3.Connection.commit(self)

    monkeypatch.setattr(PromptConnection, "commit", commit)
    assert await four_times(engine, insert(NOTE), [row(1)]) == [1]
    assert calls == [True, True]
    assert await at_once(engine, lambda connection: connection.scalar(select(NOTE.c.id))) == 1


async def test_a_commit_that_fails_is_an_error_and_undoes_all(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def commit(_connection: PromptConnection) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patched, pytest.raises(OperationalError, match="disk"):
        patched.setattr(PromptConnection, "commit", commit)
        await four_times(engine, insert(NOTE), [row(1)])
    assert await four_times(engine, select(NOTE.c.id), [None]) == [[]]
