"""What the console does from the command line: with the database, and with a line of the audit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.store import Store
from console import audit
from console.actions import Change
from console.errors import ConsoleError
from console.texts import say
from troly.database import async_engine, require_tables
from troly.errors import UsageError
from troly.settings import settings

COMMAND_LINE = "command line"
"""Who it was, in the audit."""

Answer = TypeVar("Answer")


def act(name: str, do: Callable[[AsyncConnection], Awaitable[Change]]) -> Change:
    """Whoever has the command line has every permission; what they do is written down all the same."""

    async def with_line(connection: AsyncConnection) -> Change:
        await audit.hold(connection)
        change = await do(connection)
        await audit.append(
            connection,
            actor=COMMAND_LINE,
            action=name,
            target=change.target,
            before=change.before,
            after=change.after,
        )
        return change

    return run(with_line, write=True)


def run(work: Callable[[AsyncConnection], Awaitable[Answer]], *, write: bool) -> Answer:
    """Do some work with the database; what the console refuses becomes a UsageError in English."""
    require_tables(settings().database)

    async def opened() -> Answer:
        engine = async_engine(settings().database)
        store = Store(engine)
        try:
            async with store.write() if write else store.read() as connection:
                return await work(connection)
        finally:
            await engine.dispose()

    return explained(lambda: asyncio.run(opened()))


def explained(work: Callable[[], Answer]) -> Answer:
    """Do it; what the console refuses becomes a UsageError in English."""
    try:
        return work()
    except ConsoleError as error:
        raise UsageError(say("en", error.code, **error.values)) from None
