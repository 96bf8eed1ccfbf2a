"""Transactions on the one database, short ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class Store:
    """Reads and writes for the gateway."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Takes an engine that the caller disposes of."""
        self._engine = engine
        # SQLite has one writer. Waiting here is fair and quick; waiting in SQLite is sleeping and
        # trying again, in a thread.
        self._turn: asyncio.Lock | None = asyncio.Lock() if engine.dialect.name == "sqlite" else None

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file of ours."""
        return self._turn is not None

    async def close(self) -> None:
        """Give the engine's connections back."""
        await self._engine.dispose()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading."""
        async with self._engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end, rolled back on an error.

        Begin with a statement that writes: on SQLite a transaction that has read first
        cannot write any more once another process wrote in between.
        """
        turn: AbstractAsyncContextManager[object] = self._turn or nullcontext()
        async with turn, self._engine.begin() as connection:
            yield connection
