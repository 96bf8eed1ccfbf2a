"""How far somebody gets who tries codes and numbers: the figures of docs/services/application-status.md."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from actions.attempts import PAUSES, Attempts, Limits, Who, most_attempts, pause_after
from troly.privacy import Keyring, new_key
from troly.tables.verification import VerificationAttempt

CODE = "H49.33-250421-0001"
START = datetime(2026, 7, 20, 3, 0, tzinfo=UTC)


class Clock:
    """The time, which moves only when it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("actions.attempts.now", made)
    return made


@pytest.fixture
def attempts(database: Any, clock: Clock) -> Attempts:
    return Attempts(database, Keyring([new_key()]), Limits())


async def fail(attempts: Attempts, who: Who, code: str = CODE) -> bool:
    """Try once, and miss; False when that was not allowed."""
    if await attempts.start(who, code):
        return False
    await attempts.finish(who, code, "refused")
    return True


def somebody(attempts: Attempts, number: int, visitor: str | None = None) -> Who:
    return attempts.who(f"conversation-{number}", visitor)


async def test_after_three_failures_each_further_one_costs_a_longer_pause(
    attempts: Attempts, clock: Clock
) -> None:
    who = somebody(attempts, 1)
    assert [await fail(attempts, who) for _ in range(4)] == [True, True, True, False]
    for pause in PAUSES:
        assert await attempts.locked(who, CODE) == clock.now + pause
        clock.forward(seconds=pause.total_seconds() - 1)
        assert not await fail(attempts, who)
        clock.forward(seconds=1)
        assert await attempts.locked(who, CODE) is None
        if pause < PAUSES[-1]:
            assert await fail(attempts, who)


async def test_neither_new_conversations_nor_new_addresses_help_against_one_application(
    attempts: Attempts,
) -> None:
    made = [await fail(attempts, somebody(attempts, number, f"address-{number}")) for number in range(20)]
    assert made.count(True) == 3
    assert await fail(attempts, somebody(attempts, 99), "H49.33-250421-0002")


async def test_one_address_may_miss_ten_times_whatever_it_tries(attempts: Attempts) -> None:
    made = [
        await fail(attempts, somebody(attempts, number, "one-address"), f"H49.33-250421-{number:04d}")
        for number in range(30)
    ]
    assert made.count(True) == 10


async def test_success_does_not_wash_failures_away(attempts: Attempts) -> None:
    who = somebody(attempts, 1)
    for _ in range(3):
        await fail(attempts, who, "H49.33-250421-0002")
    assert await attempts.start(who, "H49.33-250421-0003")
    other = somebody(attempts, 2)
    assert await fail(attempts, other)
    assert await attempts.start(other, CODE) is None
    await attempts.finish(other, CODE, "verified")
    assert await fail(attempts, other) and await fail(attempts, other)
    assert not await fail(attempts, other)


async def test_whoever_has_proved_it_is_not_shut_out_by_strangers(attempts: Attempts) -> None:
    owner = somebody(attempts, 1)
    assert await attempts.start(owner, CODE) is None
    await attempts.finish(owner, CODE, "verified")
    for number in range(2, 8):
        await fail(attempts, somebody(attempts, number))
    assert await attempts.start(somebody(attempts, 8), CODE)
    assert await attempts.start(owner, CODE) is None


async def test_an_attempt_that_the_portal_did_not_answer_is_no_failure(attempts: Attempts) -> None:
    who = somebody(attempts, 1)
    for _ in range(10):
        assert await attempts.start(who, CODE) is None
        await attempts.finish(who, CODE, "unavailable")


async def test_attempts_at_the_same_moment_are_all_counted(attempts: Attempts) -> None:
    async def one(number: int) -> bool:
        return await attempts.start(somebody(attempts, number), CODE) is None

    assert (await asyncio.gather(*(one(number) for number in range(12)))).count(True) == 3


async def test_the_audit_says_who_what_and_when_in_hashes_only(attempts: Attempts, database: Any) -> None:
    who = somebody(attempts, 1, "a-hash")
    for _ in range(4):
        await fail(attempts, who)
    async with database.connect() as connection:
        rows = (await connection.execute(select(VerificationAttempt))).all()
    assert [row.outcome for row in rows] == ["started", "refused"] * 3 + ["locked"]
    assert {(row.visitor, row.at) for row in rows} == {("a-hash", START)}
    assert len({row.conversation for row in rows}) == len({row.code for row in rows}) == 1
    assert CODE not in repr(rows) and "conversation-1" not in repr(rows)


@pytest.mark.parametrize(
    ("subject", "free", "hour", "day"), [("conversation or application", 3, 4, 6), ("address", 10, 11, 13)]
)
async def test_the_attempts_that_an_enumerator_can_make(
    attempts: Attempts, clock: Clock, subject: str, free: int, hour: int, day: int
) -> None:
    """The figure that is computed, and a greedy enumerator who gets no further."""
    assert (most_attempts(free, 1), most_attempts(free, 24)) == (hour, day)
    made: list[timedelta] = []
    for number in range(10_000):
        if subject == "address":
            who, code = somebody(attempts, number, "one"), f"H49.33-250421-{number:05d}"
        else:
            who, code = somebody(attempts, number, f"address-{number}"), CODE
        until = await attempts.locked(who, code)
        if until and until - START >= timedelta(hours=24):
            break
        if until:
            clock.now = until
        assert await fail(attempts, who, code)
        made.append(clock.now - START)
    assert sum(at < timedelta(hours=1) for at in made) == hour
    assert len(made) == day


async def test_looking_up_is_limited_by_different_codes_an_hour(attempts: Attempts, clock: Clock) -> None:
    who = somebody(attempts, 1, "home")
    for number in range(30):
        assert await attempts.look_up(who, f"code-{number}") is None
    assert await attempts.look_up(who, "code-30") == START + timedelta(hours=1)
    assert await attempts.look_up(who, "code-7") is None
    for other in range(2, 6):
        for number in range(30):
            assert await attempts.look_up(somebody(attempts, other, "home"), f"{other}-{number}") is None
    assert await attempts.look_up(somebody(attempts, 6, "home"), "one more")
    assert await attempts.look_up(somebody(attempts, 6, "elsewhere"), "one more") is None
    clock.forward(hours=1, seconds=1)
    assert await attempts.look_up(who, "code-30") is None


def test_the_first_failures_are_free() -> None:
    assert [pause_after(number, 3) for number in (0, 2, 3, 4, 99)] == [None, None, *PAUSES[:2], PAUSES[-1]]
