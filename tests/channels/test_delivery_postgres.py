"""What only PostgreSQL can show: several gateways that claim at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from troly.database import engine
from troly.tables import Base

pytestmark = pytest.mark.postgres


@pytest.fixture
def database(postgres_url: str) -> str:
    """The address of a database with our tables."""
    made = engine(postgres_url)
    Base.metadata.create_all(made)
    made.dispose()
    return postgres_url


@pytest.fixture
def rows(database: str) -> Callable[[str], list[Any]]:
    """Ask the database."""

    def query(statement: str) -> list[Any]:
        made = engine(database)
        with made.connect() as connection:
            found = [tuple(row) for row in connection.execute(text(statement))]
        made.dispose()
        return found

    return query


async def test_three_gateways_answer_each_message_once_and_in_order(
    start: Any, quick: Any, rasa: Any, database: str
) -> None:
    # The lease outlasts any stall of the machine: each message is to reach Rasa once.
    given = {"options": replace(quick, lease=60), "rasa_url": rasa.url, "database_url": database}
    async with start(**given) as one, start(**given) as two, start(**given) as three:
        visitors = [await one.visitor() for _ in range(8)]

        async def talk(visitor: Any) -> None:
            for number in range(10):
                visitor.http = (one, two, three)[number % 3].http
                assert (await visitor.send(f"câu {number}")).status_code == 202

        rasa.delay = 0.005
        await asyncio.gather(*map(talk, visitors))
        for visitor in visitors:
            assert await visitor.answers(10, 20) == [f"echo: câu {number}" for number in range(10)]
    assert rasa.overlaps == 0
    assert len(rasa.messages()) == 80


async def test_one_message_sent_to_two_gateways_at_once_is_one_message(
    start: Any, rasa: Any, database: str, rows: Any
) -> None:
    given = {"rasa_url": rasa.url, "database_url": database}
    async with start(**given) as one, start(**given) as two:
        visitor = await one.visitor()
        body = {"text": "một", "client_id": "same"}
        responses = await asyncio.gather(
            *(
                stack.http.post("/api/v1/messages", json=body, headers=visitor.headers)
                for stack in (one, two) * 6
            )
        )
        assert len({response.json()["message_id"] for response in responses}) == 1
        assert await visitor.answers(1) == ["echo: một"]
    assert rasa.messages() == ["một"]
    assert rows("SELECT count(*) FROM inbox") == [(1,)]


async def test_another_gateway_takes_over_from_a_killed_one(start: Any, rasa: Any, database: str) -> None:
    given = {"rasa_url": rasa.url, "database_url": database}
    async with start(**given) as one:
        visitor = await one.visitor()
        rasa.delay = 3
        await visitor.send("một")
        await visitor.send("hai")
        await rasa.until(1)
        await one.gateway.delivery.kill()
        rasa.delay = 0
        async with start(**given) as two:
            visitor.http = two.http
            assert await visitor.answers(2) == ["echo: một", "echo: hai"]


async def test_erasing_leaves_nothing(start: Any, rasa: Any, database: str, rows: Any) -> None:
    async with start(rasa_url=rasa.url, database_url=database) as stack:
        visitor = await stack.visitor()
        await visitor.ask("một")
        await stack.http.post(
            "/api/v1/rating", json={"reply_id": "2", "value": 5, "comment": "tốt"}, headers=visitor.headers
        )
        assert rows("SELECT value FROM rating") == [(5,)]
        response = await stack.http.delete("/api/v1/conversation", headers=visitor.headers)
        assert response.status_code == 204
    for table in ("conversation", "inbox", "outbox", "rating"):
        assert rows(f"SELECT count(*) FROM {table}") == [(0,)]
