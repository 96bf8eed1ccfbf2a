"""The names of the served procedures, read from the deployment's database by the training and at start."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from portal.catalogue import Catalogue, CatalogueName
from troly.database import async_engine
from troly.errors import UsageError
from troly.settings import settings

T = TypeVar("T")


def names() -> list[CatalogueName]:
    """All names of the served procedures; empty where there is no catalogue yet or no database."""
    return _ask(Catalogue.names, [])


def fingerprint() -> str:
    """Changes when names() does; empty where there is no database."""
    return _ask(Catalogue.fingerprint, "")


def _ask(question: Callable[[Catalogue], Awaitable[T]], otherwise: T) -> T:
    async def ask() -> T:
        engine = async_engine(settings().database)
        try:
            return await question(Catalogue(engine, settings().province))
        except (SQLAlchemyError, UsageError, OSError):
            return otherwise
        finally:
            await engine.dispose()

    # Rasa loads models inside a running event loop, where asyncio.run is refused: a thread has its own.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(ask())).result()
