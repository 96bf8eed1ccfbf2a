"""Handing over between several gateways at the same time, as only PostgreSQL can show."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from channels import erasing
from tests.channels.scripted import settled
from troly.database import engine
from troly.tables import Base

pytestmark = pytest.mark.postgres

ASK = "cho gặp người"


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


def handed_over(_sender: str, message: str, _seen: int) -> Any:
    """Rasa asks for an official when it is asked to, and echoes otherwise."""
    record = {"status": "handed_over", "intent": "talk_to_human"}
    custom = {"custom": {"language": "vi", "answer": record}}
    return [{"text": "đã báo"}, custom] if message == ASK else None


async def test_claims_on_two_gateways_against_200_messages(
    start: Any, quick: Any, rasa: Any, database: str, rows: Any
) -> None:
    given = {"options": replace(quick, lease=60), "rasa_url": rasa.url, "database_url": database}
    rasa.behave = handed_over
    async with start(**given) as one, start(**given) as two:
        visitors = [await stack.visitor() for stack in (one, two) for _ in range(5)]
        for visitor in visitors:
            await visitor.ask(ASK)
        numbers = {asked.conversation_id: asked.id for asked in await one.gateway.desk.asked()}
        won: list[Any] = []

        async def write(visitor: Any) -> None:
            for message in range(20):
                assert (await visitor.send(f"tin {message}")).status_code == 202
                await asyncio.sleep(0.005)

        async def take(visitor: Any, after: int) -> None:
            while len(rasa.messages(visitor.id)) < after:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            number = numbers[visitor.id]
            won.extend(
                await asyncio.gather(
                    one.gateway.desk.claim(number, "lan"), two.gateway.desk.claim(number, "minh")
                )
            )

        await asyncio.gather(
            *(write(visitor) for visitor in visitors),
            *(take(visitor, 2 + place) for place, visitor in enumerate(visitors)),
        )
        await settled(one.gateway, 30)
    assert sum(changed is not None for changed in won) == 10
    states = dict(rows("SELECT state, count(*) FROM inbox WHERE text LIKE 'tin %' GROUP BY state"))
    assert sum(states.values()) == 200 and set(states) == {"done", "held"}, states
    assert rows(
        "SELECT count(*) FROM inbox JOIN outbox ON outbox.inbox_id = inbox.id AND outbox.kind = 'reply' "
        "WHERE inbox.state = 'held'"
    ) == [(0,)]
    assert rows(
        "SELECT count(*) FROM outbox JOIN outbox AS came ON came.conversation_id = outbox.conversation_id "
        "AND came.kind = 'joined' WHERE outbox.number > came.number"
    ) == [(0,)]


async def test_erasing_and_answering_at_once_never_block_each_other(
    start: Any, quick: Any, rasa: Any, database: str, rows: Any
) -> None:
    """Both change the day's figures and the conversation: in another order they would wait for ever."""
    async with start(options=quick, rasa_url=rasa.url, database_url=database) as stack:
        for _ in range(10):
            visitor = await stack.visitor()
            for message in range(4):
                await visitor.send(f"tin {message}")
            await asyncio.sleep(0.01)
            assert await erasing.erase(stack.gateway.store, stack.gateway.media, visitor.id)
        await settled(stack.gateway, 30)
        assert stack.gateway.metrics.registry.get_sample_value(
            "troly_turn_failures_total", {"reason": "OperationalError"}
        ) in (None, 0.0)
    assert rows("SELECT count(*) FROM conversation") == [(0,)]
    assert rows("SELECT sum(number) FROM daily_count WHERE kind = 'erased'") == [(10,)]
