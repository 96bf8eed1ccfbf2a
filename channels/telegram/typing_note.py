"""The note "typing…" in the citizen's app, kept up while an answer is being prepared."""

from __future__ import annotations

import asyncio

import structlog
import telegram
from sqlalchemy.exc import SQLAlchemyError
from telegram.constants import ChatAction
from telegram.error import TelegramError

from channels.telegram.addresses import target
from channels.telegram.people import People

log = structlog.get_logger("telegram")

AGAIN = 4.5
"""Seconds: Telegram shows the note for five."""
MOST = 8
"""Times in a row; an answer that takes longer is announced by a message of its own."""


class Typing:
    """One task for each conversation that is being answered; nothing waits for it."""

    def __init__(self, bot: telegram.Bot, people: People) -> None:
        """Asks nothing yet."""
        self._bot = bot
        self._people = people
        self._running: dict[str, asyncio.Task[None]] = {}

    def show(self, conversation_id: str) -> None:
        """Begin; returns at once."""
        if conversation_id not in self._running:
            task = asyncio.create_task(self._keep(conversation_id))
            self._running[conversation_id] = task
            task.add_done_callback(lambda _: self._running.pop(conversation_id, None))

    def hide(self, conversation_id: str) -> None:
        """End it. Telegram takes the note away by itself when the answer comes."""
        if task := self._running.get(conversation_id):
            task.cancel()

    async def stop(self) -> None:
        """End all."""
        tasks = [*self._running.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _keep(self, conversation_id: str) -> None:
        try:
            external = await self._people.external_id(conversation_id)
            if external is None:
                return
            for _ in range(MOST):
                await self._bot.send_chat_action(action=ChatAction.TYPING, **target(external))
                await asyncio.sleep(AGAIN)
        except (TelegramError, SQLAlchemyError, OSError) as error:
            # Only a courtesy: the answer itself will say what is wrong.
            log.debug("typing_failed", error=type(error).__name__)
