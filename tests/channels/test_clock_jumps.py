"""The machine's clock is set, forward or back, while citizens write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from channels import clock_jumps
from troly import clock
from troly.tables import leases
from troly.tables.delivery import Inbox, Outbox
from troly.tables.leases import Lease

Set = Callable[[timedelta], None]


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Set:
    """Sets the clock that far from the true one."""

    class Moved(datetime):
        shift = timedelta(0)

        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + cls.shift

    monkeypatch.setattr(clock, "datetime", Moved)

    def to(shift: timedelta) -> None:
        Moved.shift = shift

    return to


def test_the_clock_can_be_set(jump: Set) -> None:
    jump(timedelta(days=3))
    assert abs(clock.now() - datetime.now(UTC) - timedelta(days=3)) < timedelta(seconds=5)


@pytest.mark.parametrize("hours", [-24 * 365, -1, 0.01, 1, 20], ids=lambda hours: f"{hours} h")
async def test_a_conversation_goes_on_and_no_answer_is_lost_or_doubled(
    start: Any, rasa: Any, jump: Set, hours: float
) -> None:
    rasa.delay = 0.3
    async with start(rasa_url=rasa.url, token_minutes=100_000) as stack:
        visitor = await stack.visitor()
        assert await visitor.ask("một") == "echo: một"
        await visitor.send("hai")
        await rasa.until(2)  # in the worker's hands while the clock is set
        jump(timedelta(hours=hours))
        said = await visitor.answers(2)
        await visitor.send("ba")
        said = await visitor.answers(3)
        assert said == ["echo: một", "echo: hai", "echo: ba"]
        jump(timedelta(0))  # and back to the truth
        await visitor.send("bốn")
        said = await visitor.answers(4)
        await asyncio.sleep(0.5)
        assert await visitor.answers(4) == [*said[:3], "echo: bốn"]
        # A claim that has ended is taken up again, even if its worker is alive; its answer is stored once.
        assert rasa.overlaps == 0 or hours > 0


async def test_a_session_outlives_a_clock_that_is_set_back(stack: Any, jump: Set) -> None:
    visitor = await stack.visitor()
    jump(timedelta(days=-400))
    assert await visitor.ask("một") == "echo: một"
    later = await stack.visitor()
    jump(timedelta(0))
    assert await later.ask("hai") == "echo: hai"


async def test_a_session_is_renewed_after_a_clock_that_leapt_ahead(stack: Any, jump: Set) -> None:
    visitor = await stack.visitor()
    await visitor.ask("một")
    jump(timedelta(hours=20))
    refused = await visitor.send("hai")
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "token_expired")
    token = visitor.headers["Authorization"].removeprefix("Bearer ")
    again = await stack.http.post(
        "/api/v1/conversations", json={}, headers={"Authorization": f"Bearer {token}"}
    )
    assert again.json()["conversation_id"] == visitor.id, "the same conversation, as the page does it"


async def test_what_a_dead_worker_held_before_the_clock_was_set_back_is_answered(
    start: Any, rasa: Any, jump: Set
) -> None:
    jump(timedelta(days=2))
    async with start(rasa_url=rasa.url, token_minutes=100_000) as stack:
        visitor = await stack.visitor()
        await stack.gateway.delivery.kill()
        assert (await visitor.send("một")).status_code == 202
        async with stack.gateway.store.write() as connection:
            held = clock.now() + timedelta(seconds=12)
            await connection.execute(update(Inbox).values(due_at=held, claim="of a dead worker"))
    jump(timedelta(0))
    async with start(rasa_url=rasa.url, token_minutes=100_000) as stack:
        visitor.http = stack.http
        await asyncio.sleep(0.3)
        assert not [text for text in rasa.messages() if text == "một"], "two days too early"
        assert await clock_jumps.mend(stack.gateway.store) == 1
        async with stack.gateway.store.read() as connection:
            (due,) = await connection.scalars(select(Inbox.due_at))
        assert timedelta(0) < due - clock.now() <= timedelta(seconds=30)
        jump(timedelta(seconds=30))
        assert await visitor.answers(1) == ["echo: một"]
        assert await clock_jumps.mend(stack.gateway.store) == 0


async def test_only_what_a_jump_put_off_is_made_due(stack: Any) -> None:
    store, now = stack.gateway.store, clock.now()
    visitor = await stack.visitor()
    await visitor.ask("một")
    await stack.gateway.sender.stop()

    def reply(number: int, **values: Any) -> dict[str, Any]:
        return {
            "conversation_id": visitor.id, "number": number, "kind": "reply", "content": {},
            "state": "waiting",
            "created_at": now, "channel": "telegram", "attempts": 0, "parts_sent": 0, "repeated": 0,
            "claim": None,
        } | values  # fmt: skip

    tonight, soon = now + timedelta(hours=9), now + timedelta(seconds=90)
    rows = [
        reply(91, due_at=tonight),  # held for the night
        reply(92, due_at=soon, claim="being sent"),
        reply(93, due_at=tonight, claim="of a dead sender"),
        reply(94, due_at=tonight, created_at=tonight),
    ]
    async with store.write() as connection:
        await connection.execute(Outbox.__table__.insert(), rows)  # type: ignore[attr-defined]
        assert await leases.take(connection, "retention", "me", timedelta(hours=1))
        assert await leases.take(connection, "broadcast", "me", timedelta(days=300))
    assert await clock_jumps.mend(store) == 3
    async with store.read() as connection:
        due = dict(
            tuple(row)
            for row in await connection.execute(
                select(Outbox.number, Outbox.due_at).where(Outbox.number > 90)
            )
        )
        held = dict(tuple(row) for row in await connection.execute(select(Lease.name, Lease.until)))
    assert (due[91], due[92]) == (tonight, soon)
    assert max(due[93], due[94]) <= clock.now() + timedelta(seconds=30)
    assert held["retention"] > clock.now() and held["broadcast"] <= clock.now()


async def test_a_transcript_keeps_its_order_when_the_clock_was_set_back(stack: Any, jump: Set) -> None:
    visitor = await stack.visitor()
    await visitor.ask("một")
    await visitor.ask("hai")
    jump(timedelta(minutes=-50))
    await visitor.ask("ba")
    await visitor.ask("bốn")
    lines = (await visitor.transcript())["messages"][1:]
    expected = [text for word in ("một", "hai", "ba", "bốn") for text in (word, f"echo: {word}")]
    assert [line["text"] for line in lines] == expected


async def test_a_clock_that_leapt_ahead_does_not_erase_everybody_at_once(stack: Any, jump: Set) -> None:
    visitor = await stack.visitor()
    await visitor.ask("một")
    upkeep = stack.gateway.upkeep
    assert await upkeep.forget_old(), "the run of this hour"
    jump(timedelta(days=4000))
    assert not await upkeep.forget_old()
    jump(timedelta(minutes=5))  # somebody mended the clock; the lease from the future does not stay
    await clock_jumps.mend(stack.gateway.store)
    assert len((await visitor.transcript())["messages"]) == 3
    jump(timedelta(hours=3))
    assert await upkeep.forget_old()
    async with stack.gateway.store.read() as connection:
        assert len((await connection.execute(select(Inbox.id))).all()) == 1


async def test_after_a_week_of_rest_retention_runs_at_the_second_hour(stack: Any, jump: Set) -> None:
    await stack.visitor()
    upkeep = stack.gateway.upkeep
    assert await upkeep.forget_old()
    jump(timedelta(days=120))
    assert not await upkeep.forget_old()
    jump(timedelta(days=120, hours=1, minutes=1))
    assert await upkeep.forget_old()
    async with stack.gateway.store.read() as connection:
        assert (await connection.execute(select(Inbox.id))).all() == []
