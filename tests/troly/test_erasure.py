"""Every table is known to the erasure, once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from sqlalchemy import func, insert, select

from troly import erasure
from troly.clock import now
from troly.database import async_engine, engine
from troly.tables import Base, metadata
from troly.tables.conversations import Conversation, Rating
from troly.tables.counts import DailyCount


def test_every_table_says_what_becomes_of_it_when_a_citizen_is_erased() -> None:
    named = Counter(name for owner in erasure.OWNERS for name in owner.tables)
    named.update(erasure.IMPERSONAL | erasure.PSEUDONYMOUS)
    assert {name for name, times in named.items() if times > 1} == set()
    assert set(metadata.tables) - set(named) == set(), "add these to troly/erasure.py"
    assert set(named) - set(metadata.tables) == set()


def test_what_an_owner_leaves_to_the_database_really_goes_with_the_conversation() -> None:
    for owner in erasure.OWNERS:
        for name in owner.tables if owner.erase is None else ():
            table = metadata.tables[name]
            gone = name == "conversation" or any(
                key.ondelete == "CASCADE" and _leads_to_conversation(key.column.table.name)
                for key in table.foreign_keys
            )
            assert gone, f"{name}: no ON DELETE CASCADE leads to conversation"


def _leads_to_conversation(name: str) -> bool:
    return name == "conversation" or any(
        key.ondelete == "CASCADE" and _leads_to_conversation(key.column.table.name)
        for key in metadata.tables[name].foreign_keys
    )


async def test_erasing_counts_once_and_keeps_the_figures_of_ratings(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    made = engine(url)
    Base.metadata.create_all(made)
    with made.begin() as connection:
        connection.execute(
            insert(Conversation).values(
                id="a", channel="web", language="vi", created_at=now(), active_at=now()
            )
        )
        connection.execute(
            insert(Rating).values(
                conversation_id="a", target="conversation", scale="stars", value=4, created_at=now()
            )
        )
    database = async_engine(url)
    async with database.begin() as connection:
        assert (await erasure.erase(connection, "a")).found
    async with database.begin() as connection:
        assert not (await erasure.erase(connection, "a")).found
    await database.dispose()
    with made.connect() as connection:
        figures = select(DailyCount.kind, DailyCount.name, DailyCount.detail, DailyCount.number)
        assert {tuple(row) for row in connection.execute(figures)} == {
            ("erased", "citizen", "", 1),
            ("rating", "stars", "4", 1),
        }
        assert connection.scalar(select(func.count()).select_from(Conversation)) == 0
    made.dispose()
