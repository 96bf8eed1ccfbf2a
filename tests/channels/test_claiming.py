"""Whose message is next: in order within a conversation, fair between visitors, nobody for ever."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.options import DeliveryOptions
from tests.channels.claims import Account, opened

Step = tuple[str, int, int]

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, 3), st.integers(0, 4)),
        st.tuples(st.just("claim"), st.integers(1, 6), st.integers(1, 4)),
        st.tuples(st.just("finish"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("postpone"), st.integers(0, 9), st.integers(1, 90)),
        st.tuples(st.just("pass"), st.integers(1, 100), st.just(0)),
    ),
    max_size=60,
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def account(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Account]:
    """An empty inbox on each database."""
    on_file = f"sqlite:///{tmp_path / 'inbox.db'}"
    address = on_file if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    async with opened(address) as found:
        yield found


async def play(account: Account, steps: list[Step]) -> None:
    """Every claim gives what the plain account says."""
    for what, first, second in steps:
        held = account.held()
        if what == "write":
            # The fourth writes by a platform, where each conversation is a visitor.
            visitor = None if first == 3 else f"v{first}"
            await account.write(visitor, f"{first}-{second}")
        elif what == "claim":
            expected = account.expected(first, second)
            assert {message.id for message in await account.claim(first, second)} == expected
        elif what == "finish" and held:
            await account.finish(held[first % len(held)])
        elif what == "postpone" and held:
            await account.postpone(held[first % len(held)], timedelta(milliseconds=13 * second))
        elif what == "pass":
            account.at += timedelta(milliseconds=13 * first)
    rounds = 0
    while account.waiting:  # and in the end everybody is answered
        account.at += timedelta(seconds=2)
        await account.claim(4, 2)
        for one in account.held():
            await account.finish(one)
        rounds += 1
        assert rounds < 200


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_a_claim_gives_each_conversations_oldest_shared_between_visitors(steps: list[Step]) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with opened(f"sqlite:///{folder}/inbox.db") as account:
                await play(account, steps)

    asyncio.run(run())


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.postgres
async def test_the_same_on_postgresql(postgres_url: str, seed: int) -> None:
    chance = random.Random(seed)
    kinds: list[Any] = [("write", 3, 4)] * 5 + [("claim", 6, 4)] * 3 + [("finish", 9, 0)] * 3
    kinds += [("postpone", 9, 90), ("pass", 100, 0)]
    steps = []
    for _ in range(120):
        what, most, more = chance.choice(kinds)
        lowest = 0 if what in ("write", "finish") else 1
        steps.append((what, chance.randint(lowest, most), chance.randint(min(1, more), more)))
    async with opened(postgres_url) as account:
        await play(account, steps)


async def test_a_conversation_is_answered_one_message_at_a_time_and_in_order(account: Account) -> None:
    sent = [await account.write("an", "one") for _ in range(5)]
    answered = []
    while account.waiting:
        (message,) = await account.claim(10, 10)
        answered.append(message.id)
        assert await account.claim(10, 10) == [], "one at a time"
        await account.finish(*account.held())
    assert answered == sent


async def test_a_lone_visitor_gets_all_that_one_may_have_and_others_find_workers(account: Account) -> None:
    options = DeliveryOptions()
    for number in range(40):
        await account.write("loud", f"loud-{number}")
    assert len(await account.claim(options.workers, options.share)) == options.share == 16
    quiet = [await account.write(f"quiet-{number}", f"quiet-{number}") for number in range(10)]
    free = options.workers - options.share
    assert [one.id for one in await account.claim(free, options.share)] == quiet[:free]


async def test_many_visitors_get_all_workers(account: Account) -> None:
    for number in range(30):
        await account.write(f"v{number}", f"c{number}")
    assert len(await account.claim(20, 16)) == 20


async def test_one_message_of_another_goes_before_the_many_of_one(account: Account) -> None:
    for number in range(20):
        await account.write("loud", f"loud-{number}")
    quiet = await account.write("quiet", "quiet")
    claimed = await account.claim(2, 16)
    assert quiet in [message.id for message in claimed]


async def test_two_loud_ones_share(account: Account) -> None:
    for number in range(20):
        await account.write("loud", f"loud-{number}")
    for number in range(20):
        await account.write("noisy", f"noisy-{number}")
    claimed = Counter(message.visitor for message in await account.claim(10, 16))
    assert claimed["noisy"] == claimed["loud"] == 5


async def test_an_office_behind_one_address_is_answered_while_others_keep_coming(account: Account) -> None:
    """More comes in than two workers do: each of the office is still answered after its turn's lag."""
    for number in range(20):
        await account.write("office", f"office-{number}")
    first, rounds = account.at, 0
    while any(one.visitor == "office" for one in account.waiting):
        for number in range(3):
            await account.write(f"v{rounds}-{number}", f"v{rounds}-{number}")
        account.at += timedelta(milliseconds=500)
        await account.claim(2, 16)
        for one in account.held():
            await account.finish(one)
        rounds += 1
        assert rounds < 200
    assert account.at - first < timedelta(seconds=30)


async def test_what_is_given_back_to_wait_occupies_no_worker(account: Account) -> None:
    for number in range(6):
        await account.write("an", f"c{number}")
    await account.claim(3, 3)
    assert await account.claim(3, 3) == []
    for one in account.held():
        await account.postpone(one, timedelta(minutes=1))
    assert len(await account.claim(3, 3)) == 3


@pytest.mark.postgres
async def test_processes_that_claim_at_the_same_time_never_get_the_same(postgres_url: str) -> None:
    async with opened(postgres_url) as account:
        for number in range(200):
            await account.write(f"v{number % 7}", f"c{number % 50}")
        given = await asyncio.gather(*(account.claim(8, 100) for _ in range(8)))
        claimed = [message.id for one in given for message in one]
        assert len(claimed) == len(set(claimed)) <= 50
        more = await account.claim(100, 100)
        assert len(claimed) + len(more) == 50, "each conversation's oldest, and no other"
