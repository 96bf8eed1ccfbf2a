"""Keys of what staff make: proposed from its name, never one that was in use before."""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from console.answers.kinds import Item
from troly.answers.checks import Fault
from troly.tables.answers import AnswerVersion
from troly.text import fold

LONGEST = 60
"""Letters, as in the table of offices."""
_PROPOSED = 40
_KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_OTHERS = re.compile(r"[^a-z0-9]+")
_RESERVED = frozenset({"new"})
"""Pages of their own in the console."""


def fault(key: str) -> list[Fault]:
    """Why it can be no key."""
    usable = _KEY.fullmatch(key) and len(key) <= LONGEST and key not in _RESERVED
    return [] if usable else [Fault("wrong_key", "key")]


def of_words(words: str, otherwise: str) -> str:
    """ "Bộ phận Một cửa phường Hà Lầm" -> "bo-phan-mot-cua-phuong-ha-lam"."""
    key = _OTHERS.sub("-", fold(words)).strip("-")
    if len(key) > _PROPOSED:
        key = key[: _PROPOSED + 1].rpartition("-")[0] or key[:_PROPOSED]
    return otherwise if not key or key in _RESERVED else key


async def taken(connection: AsyncConnection, kind: str, key: str, shipped: dict[str, Item]) -> bool:
    """Whether it is in use, or ever was: shipped, made, taken off, or only proposed."""
    if key in shipped:
        return True
    query = select(AnswerVersion.id).where(AnswerVersion.kind == kind, AnswerVersion.key == key).limit(1)
    return await connection.scalar(query) is not None


async def proposed(
    connection: AsyncConnection, kind: str, words: str, shipped: dict[str, Item], otherwise: str
) -> str:
    """A key that is free, made of the name."""
    key = found = of_words(words, otherwise)
    number = 1
    while await taken(connection, kind, found, shipped):
        number += 1
        found = f"{key}-{number}"
    return found
