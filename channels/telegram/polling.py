"""Fetching updates instead of being called: for a computer that Telegram cannot reach.

One gateway process only: Telegram gives updates to one poller, and ends the other's request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
import telegram
from sqlalchemy.exc import SQLAlchemyError
from telegram.error import Conflict, RetryAfter, TelegramError

from channels.telegram.client import ALLOWED_UPDATES
from channels.telegram.failures import UNREADABLE, reason_of, seconds_of
from channels.telegram.intake import NotNow

log = structlog.get_logger("telegram")

_CONFLICT_FIX = (
    "a webhook is set for this bot, or another gateway polls with the same TELEGRAM_TOKEN: "
    "stop that one, or remove the webhook with TELEGRAM_MODE=polling troly channel set-webhook telegram"
)

_TRIES = 5
"""For an update that breaks our code; one that only cannot be stored is tried for as long as it takes."""


class Poller:
    """Asks for updates one batch after another; each is acknowledged only once it was dealt with."""

    def __init__(
        self,
        bot: telegram.Bot,
        deal: Callable[[Any], Awaitable[None]],
        *,
        hold: int = 25,
        pauses: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0, 30.0),
    ) -> None:
        """`deal` takes one update as Telegram wrote it; `hold`: seconds that Telegram waits for news."""
        self._bot = bot
        self._deal = deal
        self._hold = hold
        self._pauses = pauses
        self._next: int | None = None
        self._failures = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                updates = await self._fetch()
            except (TelegramError, *UNREADABLE) as error:
                await self._wait_after(error)
                continue
            self._failures = 0
            for update in updates:
                if not await self._deal_with(update):
                    break  # those after it are fetched again

    async def _fetch(self) -> list[Any]:
        asked = {"timeout": self._hold, "allowed_updates": list(ALLOWED_UPDATES)}
        if self._next is not None:
            asked["offset"] = self._next
        # As it came: python-telegram-bot's own get_updates() refuses a whole batch for one update that it
        # cannot read, and warns of the method's name in any form but this one.
        found = await self._bot.do_api_request("get_Updates", asked, read_timeout=self._hold + 10)
        return found if isinstance(found, list) else []

    async def _deal_with(self, update: Any) -> bool:
        number = update["update_id"]
        for attempt in range(1, _TRIES + 1):
            try:
                await self._deal(update)
                break
            except (NotNow, SQLAlchemyError, OSError) as error:
                log.error("telegram_not_stored", error=type(error).__name__)
                await self._pause()
                return False
            except Exception as error:  # the edge of the poller: else one update would hold up all others
                log.exception("telegram_update_broken", attempt=attempt, error=type(error).__name__)
                if attempt < _TRIES:
                    await self._pause()
        self._failures = 0
        self._next = number + 1
        return True

    async def _wait_after(self, error: Exception) -> None:
        if isinstance(error, Conflict):
            log.error("telegram_polling_conflict", fix=_CONFLICT_FIX)
        else:
            log.warning("telegram_polling_failed", reason=reason_of(error))
        if isinstance(error, RetryAfter):
            await asyncio.sleep(seconds_of(error))
        else:
            await self._pause()

    async def _pause(self) -> None:
        await asyncio.sleep(self._pauses[min(self._failures, len(self._pauses) - 1)])
        self._failures += 1
