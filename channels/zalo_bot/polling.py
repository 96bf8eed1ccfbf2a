"""Long polling, for a pilot without a public address: one event a call, and no way to ask for it again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import structlog

from channels.reception import Received
from channels.zalo_bot.client import ZaloBotClient
from channels.zalo_bot.errors import CallError, Refusal
from channels.zalo_bot.events import NotAnEvent, read
from channels.zalo_bot.sending import TOKEN_FIX

log = structlog.get_logger("zalo_bot")

POLL_SECONDS = 30
_SLACK = 10.0
_TOKEN_PAUSE = 300.0
_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)


class Polling:
    """Asks for one event after the other; each is stored before the next is asked for.

    A process that is killed between an answer and its storing loses that one message: the platform
    has no offset with which to ask again. Where that matters, use the webhook.
    """

    def __init__(
        self,
        client: ZaloBotClient,
        store: Callable[[Received], Awaitable[object]],
        *,
        poll_seconds: int = POLL_SECONDS,
        pauses: tuple[float, ...] = _PAUSES,
    ) -> None:
        """`store` returns when the message cannot be lost any more."""
        self._client = client
        self._store = store
        self._poll_seconds = poll_seconds
        self._pauses = pauses

    async def run(self) -> None:
        """Poll until cancelled."""
        await self._warn_of_webhook()
        failures = 0
        while True:
            try:
                found = await self._poll()
            except CallError as error:
                failures += 1
                await asyncio.sleep(self._after(error, failures))
                continue
            failures = 0
            if found is not None:
                await self._keep(found)

    async def _poll(self) -> Received | None:
        started = asyncio.get_running_loop().time()
        try:
            body = await self._client.call(
                "getUpdates", {"timeout": self._poll_seconds}, seconds=self._poll_seconds + _SLACK
            )
        except Refusal as refusal:
            if refusal.code != 408:
                raise
            body = None
        if body:
            try:
                return read(body)
            except NotAnEvent:
                log.warning("unknown_update")
                return None
        # "Nothing new" comes after a long wait; when it comes at once, it must not be asked for at once.
        if asyncio.get_running_loop().time() - started < self._pauses[0]:
            await asyncio.sleep(self._pauses[0])
        return None

    async def _keep(self, received: Received) -> None:
        for pause in self._endlessly():
            try:
                await self._store(received)
                return
            except Exception as error:  # the database may be away for a while; only we still have the message
                log.error("not_stored", error=type(error).__name__, again_in=pause)
                await asyncio.sleep(pause)

    def _endlessly(self) -> Iterator[float]:
        yield from self._pauses
        while True:
            yield self._pauses[-1]

    def _after(self, error: CallError, failures: int) -> float:
        if isinstance(error, Refusal) and error.code == 401:
            log.error("token_refused", fix=TOKEN_FIX)
            return _TOKEN_PAUSE
        pause = self._pauses[min(failures, len(self._pauses)) - 1]
        if isinstance(error, Refusal) and error.retry_after:
            pause = max(pause, error.retry_after)
        log.warning("polling_failed", error=error.reason, again_in=pause)
        return pause

    async def _warn_of_webhook(self) -> None:
        try:
            info = await self._client.call("getWebhookInfo")
        except CallError:
            return
        if isinstance(info, dict) and info.get("url"):
            fix = "troly channel set-webhook zalo_bot removes it; or set ZALO_BOT_MODE=webhook"
            log.error("webhook_is_set", problem="the platform gives no updates while it is", fix=fix)
