"""Running processes come to know what went live, and keep what they knew while the database is away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text

from troly.answers.live import GUIDE, RESPONSE, Follower, live
from troly.database import async_engine, engine
from troly.tables import Base
from troly.tables.answers import AnswerRelease, AnswerVersion

KEY = "utter_goodbye"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    given = f"sqlite:///{tmp_path / 'troly.db'}"
    if request.param == "postgresql":
        given = str(request.getfixturevalue("postgres_url"))
    made = engine(given)
    Base.metadata.create_all(made)
    made.dispose()
    return given


async def release(
    pool: Any, content: Any, key: str = KEY, kind: str = RESPONSE, *, imported: bool = False
) -> None:
    """What the console does when something is approved."""
    async with pool.begin() as connection:
        version = None
        if not imported:
            row = await connection.execute(
                insert(AnswerVersion)
                .values(kind=kind, key=key, content=content, state="approved", author="lan")
                .returning(AnswerVersion.id)
            )
            version = row.scalar_one()
        await connection.execute(insert(AnswerRelease).values(kind=kind, key=key, version=version, by="mai"))


async def test_what_is_live_is_the_last_release_of_each_thing(address: str) -> None:
    pool = async_engine(address)
    await release(pool, {"vi": "một"})
    await release(pool, {"vi": "hai"})
    await release(pool, {"vi": "ba"}, key="utter_thank")
    await release(pool, {"vi": "bốn"}, key="utter_deny")
    await release(pool, None, key="utter_deny")
    await release(pool, {"vi": "năm"}, key="utter_affirm")
    await release(pool, None, key="utter_affirm", imported=True)
    await release(pool, {"title": "x"}, key=KEY, kind=GUIDE)
    async with pool.connect() as connection:
        assert await live(connection, RESPONSE) == {KEY: {"vi": "hai"}, "utter_thank": {"vi": "ba"}}
        assert await live(connection, GUIDE) == {KEY: {"title": "x"}}
    await pool.dispose()


async def test_each_change_is_handed_over_once(address: str) -> None:
    pool = async_engine(address)
    taken: list[Any] = []
    follower = Follower(pool, {RESPONSE: taken.append})
    assert await follower.look() and taken == [{}]
    assert not await follower.look() and len(taken) == 1
    await release(pool, {"vi": "một"})
    assert await follower.look() and taken[-1] == {KEY: {"vi": "một"}}
    assert not await follower.look() and len(taken) == 2
    await release(pool, None)
    assert await follower.look() and taken[-1] == {}
    await pool.dispose()


async def test_while_the_database_is_away_the_last_known_stays(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'troly.db'}"
    pool = async_engine(address)
    taken: list[Any] = []
    follower = Follower(pool, {RESPONSE: taken.append})
    assert not await follower.look(), "no tables yet"
    assert taken == []
    made = engine(address)
    Base.metadata.create_all(made)
    await release(pool, {"vi": "một"})
    assert await follower.look() and taken == [{KEY: {"vi": "một"}}]
    with made.begin() as connection:
        connection.execute(text("ALTER TABLE answer_release RENAME TO elsewhere"))
    assert not await follower.look() and len(taken) == 1
    with made.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO answer_release"))
    await release(pool, {"vi": "hai"})
    assert await follower.look() and taken[-1] == {KEY: {"vi": "hai"}}
    made.dispose()
    await pool.dispose()


async def test_a_taker_that_fails_keeps_nobody_else_from_theirs(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'troly.db'}"
    made = engine(address)
    Base.metadata.create_all(made)
    made.dispose()
    pool = async_engine(address)
    taken: list[Any] = []

    def broken(_contents: Any) -> None:
        raise ValueError("bad row")

    assert await Follower(pool, {RESPONSE: broken, GUIDE: taken.append}).look()
    assert taken == [{}]
    await pool.dispose()
