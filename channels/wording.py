"""Has a gateway say what staff made live, within seconds and without asking the database for a message."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from sqlalchemy.ext.asyncio import AsyncEngine

from channels import texts
from troly.answers import notices
from troly.answers.live import Follower

SECONDS = 2.0
"""Between two looks: what is approved is said in less than three seconds."""

_FIRST = 2.0
"""Seconds that the first look may take; a database that is away does not keep the gateway from starting."""


class Wording:
    """The follower of one process."""

    def __init__(self, engine: AsyncEngine, seconds: float = SECONDS) -> None:
        """Takes an engine that the caller disposes of."""
        self._follower = Follower(engine, {notices.NOTICE: texts.IN_USE.take}, seconds=seconds)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read the shipped texts, look once, then go on beside the messages."""
        notices.shipped()
        with suppress(TimeoutError):
            async with asyncio.timeout(_FIRST):
                await self._follower.look()
        self._task = asyncio.create_task(self._follower.run())

    async def stop(self) -> None:
        """Say what is shipped."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])
        texts.IN_USE.take({})
