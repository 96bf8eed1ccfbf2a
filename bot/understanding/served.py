"""The served procedures, read from the deployment's database by the training and at start."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from bot.understanding.record_index import RecordIndex
from bot.understanding.route import Served
from portal.catalogue import Catalogue, CatalogueName
from troly.database import async_engine
from troly.errors import UsageError
from troly.settings import settings

T = TypeVar("T")
_AT_ONCE = 200
"""Records read together."""


def names() -> list[CatalogueName]:
    """All names of the served procedures; empty where there is no catalogue yet or no database."""
    return _ask(Catalogue.names, [])


def fingerprint() -> str:
    """Changes when names() does; empty where there is no database."""
    return _ask(Catalogue.fingerprint, "")


def as_served(found: Iterable[CatalogueName], titles: Mapping[str, str | None]) -> list[Served]:
    """What the finder needs of each; `titles` are English ones by code, where the portal has none."""
    return [
        Served(one.code, one.name, one.name_en or titles.get(one.code), tuple(one.levels), one.field)
        for one in found
    ]


def contents() -> dict[str, str]:
    """By code, a fingerprint of a served procedure's record; empty where there is no database."""
    return _ask(Catalogue.contents, {})


def records(known: RecordIndex | None = None) -> RecordIndex | None:
    """What the records say now: `known` where nothing has changed, or where there is no database."""
    stated = contents()
    if not stated or (known is not None and stated == known.stated):
        return known
    try:
        return RecordIndex.of(stated, texts)
    except LookupError:  # withdrawn in between: found by names until the next look
        return known


def texts(codes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Codes with the words of their records, some at a time: all together take a hundred megabytes."""
    for at in range(0, len(codes), _AT_ONCE):
        found: dict[str, str] = _ask(partial(Catalogue.texts, codes=codes[at : at + _AT_ONCE]), {})
        yield from found.items()


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
