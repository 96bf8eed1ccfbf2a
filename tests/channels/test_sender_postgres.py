"""Sending from several gateways at the same time, as only PostgreSQL can show."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from channels.errors import ChatClosed
from tests.channels.scripted import Citizen, settled
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


async def test_three_gateways_send_each_reply_once_and_in_order(
    push: None, start: Any, quick: Any, quick_sender: Any, rasa: Any, database: str, rows: Any, tmp_path: Any
) -> None:
    # The leases outlast any stall of the machine: each reply is to be sent once.
    given = {
        "options": replace(quick, lease=60),
        "sender": replace(quick_sender, lease=60, attempt=30),
        "rasa_url": rasa.url,
        "database_url": database,
    }
    shown: list[tuple[str, str]] = []
    async with start(**given) as one, start(**given) as two, start(**given) as three:
        stacks = (one, two, three)
        for stack in stacks:
            stack.gateway.channels["push"].delivered = shown
            stack.gateway.channels["push"].behave = lambda *_: asyncio.sleep(0.002)
        citizens = [Citizen(one, f"chat-{number}") for number in range(8)]

        async def talk(citizen: Citizen) -> None:
            for number in range(10):
                citizen.move(stacks[number % 3])
                await citizen.write(f"câu {number}")

        await asyncio.gather(*map(talk, citizens))
        await settled(one.gateway, 30)
    for citizen in citizens:
        assert citizen.answers() == [f"echo: câu {number}" for number in range(10)]
    assert Counter(count for count in Counter(shown).values()) == {1: 88}  # 80 answers, 8 notices
    assert rows("SELECT DISTINCT state, repeated FROM outbox") == [("sent", 0)]


async def test_two_first_messages_at_once_are_one_conversation_with_one_notice(
    push: None, start: Any, rasa: Any, database: str, rows: Any
) -> None:
    given = {"rasa_url": rasa.url, "database_url": database}
    shown: list[tuple[str, str]] = []
    async with start(**given) as one, start(**given) as two:
        both = [Citizen(stack, "chat") for stack in (one, two)]
        for citizen in both:
            citizen.channel.delivered = shown
        await asyncio.gather(
            *(citizen.write("một", message_id=f"m{number}") for number, citizen in enumerate(both * 4))
        )
        await settled(one.gateway, 20)
    assert len(both[0].answers()) == 8
    assert len(shown) == 9
    assert rows("SELECT count(*) FROM address") == [(1,)]


async def test_another_gateway_sends_what_a_killed_one_had_claimed(
    push: None, start: Any, rasa: Any, database: str, rows: Any
) -> None:
    given = {"rasa_url": rasa.url, "database_url": database}
    async with start(**given) as one:
        citizen = Citizen(one)
        citizen.channel.behave = lambda *_: asyncio.Event().wait()
        await citizen.write("một")
        async with asyncio.timeout(5):
            while not citizen.channel.tried:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await one.gateway.sender.kill()
        async with start(**given) as two:
            citizen.move(two)
            assert await citizen.until(1) == ["echo: một"]
            await settled(two.gateway)
    assert rows("SELECT number, repeated FROM outbox ORDER BY number") == [(1, 1), (2, 0)]


async def test_erasing_blocking_and_writing_at_once_end_in_a_sound_state(
    push: None, start: Any, rasa: Any, database: str, rows: Any
) -> None:
    """All paths that lock the same rows, many times over: none may wait for another without end."""
    given = {"rasa_url": rasa.url, "database_url": database}
    async with start(**given) as one, start(**given) as two:
        citizens = [Citizen((one, two)[number % 2], f"chat-{number % 3}") for number in range(6)]

        def block(_chat: str, said: str, _seen: int) -> None:
            if "5" in said:
                raise ChatClosed("blocked")

        for stack in (one, two):
            stack.gateway.channels["push"].behave = block
        lost = 0

        async def live(number: int, citizen: Citizen) -> None:
            nonlocal lost
            for turn in range(12):
                try:
                    if turn % 4 == 3:
                        await citizen.reception.erase("push", citizen.chat)
                    elif turn % 5 == 4:
                        await citizen.reception.left("push", citizen.chat)
                    else:
                        await citizen.write(f"câu {turn}", message_id=f"{number}-{turn}")
                except Exception:
                    lost += 1  # answered 503: the platform delivers again

        await asyncio.gather(*(live(number, citizen) for number, citizen in enumerate(citizens)))
        await settled(one.gateway, 30)
        assert lost <= 3, "a rare deadlock may be broken by the database, no more"
        for citizen in citizens[:3]:
            await citizen.reception.erase("push", citizen.chat)
        await settled(one.gateway, 20)
    for table in ("conversation", "address", "inbox", "outbox"):
        assert rows(f"SELECT count(*) FROM {table}") == [(0,)], table
