"""The access token: one refresher, a refresh token that works once, and nothing repeated blindly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import structlog

from channels.store import Store
from channels.zalo_oa.api import ZaloApi
from channels.zalo_oa.errors import NoToken
from channels.zalo_oa.grants import Grant, Grants, Pair
from channels.zalo_oa.oauth import OAuth
from channels.zalo_oa.tokens import Tokens
from tests.fakes.base import serving
from tests.fakes.zalo_oa import APP_ID, APP_SECRET, REFRESH_TOKEN, FakeZaloOa
from tests.fakes.zalo_oa_oauth import Lapse
from troly.privacy import Keyring

HOUR = timedelta(hours=1)


class Clock:
    """A clock that goes only when told, together with the platform's."""

    def __init__(self, fake: FakeZaloOa) -> None:
        self.fake = fake
        self.moment = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.moment

    def later(self, by: timedelta) -> None:
        self.moment += by
        self.fake.oauth.skew += by.total_seconds()


@pytest.fixture
def clock(fake: FakeZaloOa) -> Clock:
    """Now."""
    return Clock(fake)


@pytest.fixture
async def platform(fake: FakeZaloOa) -> AsyncIterator[str]:
    """The token service on a real port: connections can break there."""
    with serving(fake.app) as url:
        yield url


@pytest.fixture
async def process(
    store: Store, keyring: Keyring, platform: str, clock: Clock
) -> AsyncIterator[Callable[..., Tokens]]:
    """The tokens as one more gateway process has them."""
    async with httpx.AsyncClient(trust_env=False) as real:

        def make(seed: str = REFRESH_TOKEN, base: str = "") -> Tokens:
            api = ZaloApi(real, platform)
            oauth = OAuth(real, base or platform, APP_ID, APP_SECRET)
            tokens = Tokens(Grants(store, keyring), oauth, seed=seed, alive=api.alive, clock=clock)
            api.authorize(tokens)
            return tokens

        yield make


@pytest.fixture
def grants(store: Store, keyring: Keyring) -> Grants:
    """What is stored."""
    return Grants(store, keyring)


async def stored(grants: Grants) -> Grant:
    grant = await grants.read()
    assert grant is not None
    return grant


async def test_the_first_token_comes_from_the_seed(
    fake: FakeZaloOa, process: Callable[..., Tokens], grants: Grants, clock: Clock
) -> None:
    assert await process().access() == fake.oauth.access
    assert fake.oauth.spent == [REFRESH_TOKEN]
    grant = await stored(grants)
    assert (grant.access, grant.refresh, grant.asked) == (fake.oauth.access, fake.oauth.refresh, "")
    assert grant.expires_at == clock.moment + 25 * HOUR


async def test_a_stored_token_is_used_by_a_process_that_starts_later(
    fake: FakeZaloOa, process: Callable[..., Tokens]
) -> None:
    first = await process().access()
    assert await process().access() == first
    assert len(fake.oauth.spent) == 1


async def test_many_processes_that_start_together_refresh_once(
    fake: FakeZaloOa, process: Callable[..., Tokens]
) -> None:
    found = await asyncio.gather(*(process().access() for _ in range(8)))
    assert set(found) == {fake.oauth.access}
    assert fake.oauth.asked == [REFRESH_TOKEN]


async def test_many_senders_whose_token_was_refused_refresh_once(
    fake: FakeZaloOa, process: Callable[..., Tokens]
) -> None:
    one, other = process(), process()
    dead = await one.access()
    assert await other.access() == dead
    renewed = await asyncio.gather(*(tokens.renew(dead) for tokens in (one, other) for _ in range(5)))
    assert set(renewed) == {fake.oauth.access}
    assert len(fake.oauth.asked) == 2


async def test_tokens_are_encrypted_at_rest(
    process: Callable[..., Tokens], fake: FakeZaloOa, store: Store
) -> None:
    await process().access()
    async with store.read() as connection:
        row = (await connection.exec_driver_sql("select * from platform_token")).one()
    for secret in (fake.oauth.access, fake.oauth.refresh, REFRESH_TOKEN):
        assert secret not in str(row)


async def test_the_token_is_renewed_well_before_it_ends(
    fake: FakeZaloOa, process: Callable[..., Tokens], grants: Grants, clock: Clock
) -> None:
    tokens = process()
    keeping = asyncio.create_task(tokens.keep(seconds=0.01))
    try:
        await _renewed(grants, fake, 1)
        clock.later(19 * HOUR)
        await asyncio.sleep(0.1)
        assert len(fake.oauth.spent) == 1
        clock.later(1.1 * HOUR)
        await _renewed(grants, fake, 2)
    finally:
        keeping.cancel()


async def test_an_ended_token_is_not_handed_out(
    fake: FakeZaloOa, process: Callable[..., Tokens], clock: Clock
) -> None:
    tokens = process()
    first = await tokens.access()
    clock.later(26 * HOUR)
    assert await tokens.access() == fake.oauth.access != first


async def test_the_new_pair_is_stored_before_it_is_used(
    fake: FakeZaloOa, process: Callable[..., Tokens], grants: Grants, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = process()
    first = await tokens.access()
    away = 2
    change = Grants.change

    async def fails_twice(self: Grants, decide: Any) -> Any:
        nonlocal away
        if len(fake.oauth.spent) == 2 and away:
            away -= 1
            raise ConnectionError
        return await change(self, decide)

    monkeypatch.setattr(Grants, "change", fails_twice)
    monkeypatch.setattr("channels.zalo_oa.tokens._STORE_PAUSES", (0.01, 0.01, 0.01))
    renewed = await tokens.renew(first)
    assert away == 0
    assert (await stored(grants)).access == renewed == fake.oauth.access


async def test_a_sender_that_is_cut_off_does_not_cut_off_the_refresh(
    fake: FakeZaloOa, process: Callable[..., Tokens], grants: Grants
) -> None:
    tokens = process()
    task = asyncio.create_task(tokens.access())
    await _until(lambda: bool(fake.oauth.asked))
    task.cancel()
    await tokens.settle()
    assert (await stored(grants)).access == fake.oauth.access


@pytest.mark.parametrize("lapse", ["lost_answer", "lost_request", "500", "html"])
async def test_a_refresh_without_an_answer_is_recorded_and_not_repeated(
    fake: FakeZaloOa, process: Callable[..., Tokens], grants: Grants, clock: Clock, lapse: Lapse
) -> None:
    tokens = process()
    first = await tokens.access()
    fake.oauth.lapses.append(lapse)
    with structlog.testing.capture_logs() as logs, pytest.raises(NoToken, match="unanswered"):
        await tokens.renew(first)
    assert [line["log_level"] for line in logs if line["event"] == "zalo_oa_refresh_unanswered"] == ["error"]
    grant = await stored(grants)
    assert grant.asked and grant.asked_at == clock.moment
    asked = list(fake.oauth.asked)
    for other in (tokens, process()):
        with pytest.raises(NoToken, match="unanswered"):
            await other.renew(first)
    assert fake.oauth.asked == asked


async def test_a_lost_pair_is_an_alarm_that_names_the_fix_until_an_operator_comes(
    fake: FakeZaloOa, process: Callable[..., Tokens], clock: Clock
) -> None:
    tokens = process()
    first = await tokens.access()
    fake.oauth.lapses.append("lost_answer")
    with pytest.raises(NoToken):
        await tokens.renew(first)
    asked = list(fake.oauth.asked)
    clock.later(0.1 * HOUR)
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(NoToken, match="lost"):
                await tokens.renew(first)
    [alarm] = [line for line in logs if line["event"] == "zalo_oa_token_lost"]
    assert alarm["log_level"] == "error" and "troly channel authorize zalo_oa" in alarm["fix"]
    clock.later(50 * HOUR)
    with pytest.raises(NoToken, match="lost"):
        await tokens.access()
    with pytest.raises(NoToken, match="lost"):
        await process().access()
    assert fake.oauth.asked == asked, "the spent token is never sent again"
    fake.oauth.refresh = "a new one from the operator"
    assert await process("a new one from the operator").access() == fake.oauth.access


async def test_when_the_old_token_still_works_the_refresh_did_not_happen_and_is_made_again(
    fake: FakeZaloOa, process: Callable[..., Tokens], grants: Grants, clock: Clock
) -> None:
    tokens = process()
    before = await tokens.access()
    fake.oauth.lapses.append("lost_request")
    clock.later(20.1 * HOUR)
    with pytest.raises(NoToken, match="unanswered"):
        await tokens._renew(before)
    assert await tokens.access() == before, "the old one serves meanwhile"
    clock.later(0.1 * HOUR)
    with structlog.testing.capture_logs() as logs:
        keeping = asyncio.create_task(process().keep(seconds=0.01))
        await _renewed(grants, fake, 2)
        keeping.cancel()
    assert "zalo_oa_refresh_did_not_happen" in [line["event"] for line in logs]


async def test_a_process_that_dies_while_it_refreshes_is_found_out(
    fake: FakeZaloOa, process: Callable[..., Tokens], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.zalo_oa.tokens._WAIT", 0.2)
    dying = process()
    first = await dying.access()
    await dying._turn(first)  # it has the lease and has written down that it asks; then it is killed
    with pytest.raises(NoToken, match="refreshing"):
        await process().renew(first)
    clock.later(timedelta(seconds=61))
    with pytest.raises(NoToken, match="unanswered"):
        await process()._renew(first)
    clock.later(timedelta(seconds=60))
    assert (await process()._renew(first)).access == fake.oauth.access != first
    assert len(fake.oauth.asked) == 2


async def test_a_first_refresh_that_was_never_sent_is_made_after_all(
    fake: FakeZaloOa, process: Callable[..., Tokens], clock: Clock
) -> None:
    await process()._turn("")  # it has written down that it asks; then it is killed
    clock.later(timedelta(seconds=61))
    with pytest.raises(NoToken, match="unanswered"):
        await process().access()
    assert fake.oauth.asked == []
    clock.later(timedelta(seconds=60))
    assert await process().access() == fake.oauth.access
    assert fake.oauth.asked == [REFRESH_TOKEN]


async def test_a_token_service_that_is_off_costs_nothing(
    fake: FakeZaloOa, process: Callable[..., Tokens], grants: Grants
) -> None:
    off = process(base="http://127.0.0.1:9")
    with pytest.raises(NoToken, match="unreachable"):
        await off.access()
    assert (await stored(grants)).asked == ""
    assert await process().access() == fake.oauth.access


async def test_a_refusal_is_an_alarm_and_tried_again_later(
    fake: FakeZaloOa, process: Callable[..., Tokens], clock: Clock
) -> None:
    fake.oauth.lapses.append("refused")
    tokens = process()
    with structlog.testing.capture_logs() as logs, pytest.raises(NoToken, match="error_-14014"):
        await tokens.access()
    assert any(line["event"] == "zalo_oa_refresh_refused" and line["fix"] for line in logs)
    with pytest.raises(NoToken, match="error_-14014"):
        await tokens.access()
    assert len(fake.oauth.asked) == 1
    clock.later(0.2 * HOUR)
    assert await tokens.access() == fake.oauth.access


async def test_without_seed_and_grant_the_alarm_names_the_fix(process: Callable[..., Tokens]) -> None:
    with structlog.testing.capture_logs() as logs, pytest.raises(NoToken, match="missing"):
        await process("").access()
    assert [line["event"] for line in logs] == ["zalo_oa_token_missing"]


async def test_a_used_seed_is_never_used_again_but_a_new_one_is(
    fake: FakeZaloOa, process: Callable[..., Tokens]
) -> None:
    await process().access()
    fake.oauth.refresh = "second seed"
    assert await process("second seed").access() == fake.oauth.access
    second = fake.oauth.access
    # A process that still has the old settings must not bring the first one back.
    assert await process().access() == second
    assert fake.oauth.asked == [REFRESH_TOKEN, "second seed"]


async def test_an_operators_new_grant_wins_over_a_refresh_under_way(
    fake: FakeZaloOa, process: Callable[..., Tokens], grants: Grants, clock: Clock
) -> None:
    slow = process()
    await slow.access()
    _, asked = await slow._turn((await stored(grants)).access)
    assert asked is not None
    await grants.change(lambda grant: grant.renewed(Pair("new", "newer", 90_000), clock()) if grant else None)
    with pytest.raises(NoToken, match="replaced"):
        await slow._store(asked, Pair("late", "later", 90_000), clock())
    assert (await stored(grants)).access == "new"


async def _renewed(grants: Grants, fake: FakeZaloOa, times: int) -> None:
    """Until so many pairs were given out and the last of them is stored."""
    async with asyncio.timeout(5):
        while True:
            grant = await grants.read()
            if len(fake.oauth.spent) == times and grant and grant.access == fake.oauth.access:
                return
            await asyncio.sleep(0.01)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
