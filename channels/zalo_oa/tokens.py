"""The access token: kept fresh by one refresher, because each refresh token works once.

Of all gateway processes one at a time asks for a new pair (a lease in platform_token). That it asks is
written down first; the new pair is stored before it is used. A refresh without an answer may have spent
the token, so it is never simply repeated: only where Zalo still takes the old access token, which a
refresh would have killed, is it known that the refresh did not happen; and where there is no access token
that still works, a second refresh has nothing to lose.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NoReturn

import structlog

from channels.zalo_oa.errors import NoToken, ZaloError, ZaloRefused, ZaloUnanswered, ZaloUnreachable
from channels.zalo_oa.grants import Grant, Grants, Pair, released
from channels.zalo_oa.oauth import OAuth
from channels.zalo_oa.turns import LOST, SETTLE, Turn, next_turn
from troly.clock import now

log = structlog.get_logger("zalo_oa")

FIX = (
    "authorize the app again (troly channel authorize zalo_oa), or put a new ZALO_OA_REFRESH_TOKEN in .env "
    "and restart: docs/connecting-zalo-oa.md"
)
_ALARM_SECONDS = 600.0
_WAIT = 3.0
"""Seconds that a sender waits for the refresh of another process before it does something else."""
_STORE_PAUSES = (0.2, 1.0, 3.0, 10.0, 20.0)


class Tokens:
    """Gives the account's access token."""

    def __init__(
        self,
        grants: Grants,
        oauth: OAuth,
        *,
        seed: str = "",
        alive: Callable[[str], Awaitable[bool]],
        clock: Callable[[], datetime] = now,
    ) -> None:
        """`seed` is the operator's refresh token; one that was used before is never used again.

        `alive` asks Zalo whether it still takes an access token, and raises ZaloError when it cannot tell.
        """
        self._grants = grants
        self._oauth = oauth
        self._seed = seed
        self._alive = alive
        self._clock = clock
        self._owner = uuid.uuid4().hex
        self._known: Grant | None = None
        self._renewal: asyncio.Task[Grant] | None = None
        self._alarms: dict[str, float] = {}

    async def access(self) -> str:
        """A token that has not ended. Raises NoToken."""
        known = self._known
        if known is None or not known.usable(self._clock()):
            known = await self._renew("")
        return known.access

    async def renew(self, rejected: str) -> str:
        """Another token than this one, which Zalo refused. Raises NoToken."""
        return (await self._renew(rejected)).access

    async def keep(self, seconds: float = 60.0) -> None:
        """Look every `seconds` whether it is time to renew, for as long as this runs, in every process."""
        while True:
            pause = seconds
            try:
                known = await self._renew("")
                if known.due(self._clock()):
                    await self._renew(known.access)
            except NoToken as error:
                log.warning("zalo_oa_no_token", reason=error.reason)
                pause = max(seconds, error.seconds)
            except Exception as error:  # the database may be away for a while
                log.error("zalo_oa_token_check_failed", error=type(error).__name__)
            await asyncio.sleep(pause)

    async def settle(self, seconds: float = 5.0) -> None:
        """At shutdown: wait for a refresh under way, since its answer comes only once."""
        if self._renewal and not self._renewal.done():
            await asyncio.wait([self._renewal], timeout=seconds)

    async def _renew(self, rejected: str) -> Grant:
        """A usable grant whose token is not `rejected`."""
        while True:
            if self._renewal is None or self._renewal.done():
                self._renewal = asyncio.create_task(self._turns(rejected))
                # When all who wait for it were cancelled, nobody else takes note of its outcome.
                self._renewal.add_done_callback(lambda task: task.cancelled() or task.exception())
            # Whoever asks may be cancelled; the refresh itself goes on.
            grant = await asyncio.shield(self._renewal)
            self._known = grant
            if grant.access != rejected:
                return grant

    async def _turns(self, rejected: str) -> Grant:
        end = time.monotonic() + _WAIT
        while True:
            turn, grant = await self._turn(rejected)
            if grant is None:
                self._give_up("zalo_oa_token_missing", "missing")
            if turn is Turn.FRESH:
                return grant
            if turn is Turn.MINE:
                return await self._ask(grant)
            if turn is Turn.UNANSWERED:
                await self._look_into(grant)
            elif turn is Turn.BUSY:
                if time.monotonic() > end:
                    raise NoToken("refreshing", seconds=2.0)
                await asyncio.sleep(0.1)
            else:
                self._give_up(f"zalo_oa_token_{turn.value}", grant.failure or turn.value)

    async def _turn(self, rejected: str) -> tuple[Turn, Grant | None]:
        turn = Turn.BUSY

        def decide(grant: Grant | None) -> Grant | None:
            nonlocal turn
            turn, after = next_turn(grant, rejected, self._seed, self._owner, self._clock())
            return after

        # Most often there is nothing to change, and reading is enough to see it.
        found = await self._grants.read()
        turn, after = next_turn(found, rejected, self._seed, self._owner, self._clock())
        if after is None:
            return turn, found
        stored = await self._grants.change(decide)
        return turn, stored

    async def _ask(self, grant: Grant) -> Grant:
        moment = self._clock()
        try:
            pair = await self._oauth.refresh(grant.refresh)
        except ZaloUnreachable as error:
            await self._note(grant, asked="")
            raise NoToken("unreachable", seconds=error.seconds or 10.0) from None
        except ZaloRefused as error:
            await self._note(grant, asked="", failure=f"error_{error.code}")
            self._give_up("zalo_oa_refresh_refused", f"error_{error.code}")
        except ZaloUnanswered as error:
            await self._note(grant)
            self._alarm("zalo_oa_refresh_unanswered", reason=error.reason, fix="it is looked into by itself")
            raise NoToken("unanswered", seconds=SETTLE.total_seconds()) from None
        return await self._store(grant, pair, moment)

    async def _store(self, asked: Grant, pair: Pair, moment: datetime) -> Grant:
        """The grant with the new pair, once it is stored; until then nobody uses it."""
        for pause in _STORE_PAUSES:
            try:
                stored = await self._grants.change(
                    lambda grant: (
                        grant.renewed(pair, moment) if grant and grant.asked == asked.asked else None
                    )
                )
            except Exception as error:  # whatever the database has: without this pair the account is mute
                log.error("zalo_oa_token_not_stored", error=type(error).__name__)
                await asyncio.sleep(pause)
                continue
            if stored is None or stored.access != pair.access:
                raise NoToken("replaced", seconds=1.0)  # an operator brought another grant meanwhile
            log.info("zalo_oa_token_renewed", hours=round(pair.seconds / 3600, 1))
            return stored
        return self._give_up("zalo_oa_token_not_stored", "not_stored")

    async def _look_into(self, grant: Grant) -> None:
        """A refresh had no answer: find out whether it happened. Returns when another one can do no harm."""
        moment = self._clock()
        wait = (grant.asked_at or moment) + SETTLE - moment
        if wait.total_seconds() > 0:
            raise NoToken("unanswered", seconds=wait.total_seconds())
        if not grant.usable(moment):
            # There is no access token left that a second refresh could cost us.
            log.info("zalo_oa_refresh_made_again")
            await self._note(grant, asked="")
            return
        try:
            spent = not await self._alive(grant.access)
        except ZaloError:
            raise NoToken("unanswered", seconds=60.0) from None
        if spent:
            await self._note(grant, failure=LOST)
            self._give_up("zalo_oa_token_lost", LOST)
        log.info("zalo_oa_refresh_did_not_happen")
        await self._note(grant, asked="")

    async def _note(self, begun: Grant, /, **changes: str) -> None:
        await self._grants.change(
            lambda grant: released(grant, **changes) if grant and grant.asked == begun.asked else None
        )

    def _give_up(self, event: str, reason: str) -> NoReturn:
        self._alarm(event, reason=reason, fix=FIX)
        raise NoToken(reason, seconds=60.0)

    def _alarm(self, event: str, **values: str) -> None:
        """Log an error that an operator must see, not more often than every ten minutes."""
        moment = time.monotonic()
        if moment - self._alarms.get(event, -_ALARM_SECONDS) >= _ALARM_SECONDS:
            self._alarms[event] = moment
            log.error(event, **values)
