"""Daily counts: what stays of a conversation when it is erased. No id, no word of a citizen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Date, Integer, String
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from troly.clock import VIETNAM, now
from troly.tables.base import Base


class DailyCount(Base):
    """How often something happened on a day, in Vietnam's time.

    | kind | name | detail | counted when |
    | conversation | | | its first message is answered |
    | turn | intent ("" without) | answer status | a message is answered |
    | procedure | procedure code | aspect | a message is answered with a procedure |
    | handover | its state | | its conversation is erased |
    | rating | thumb or stars | value | its conversation is erased |
    | person | the day they were there before ("" new) | | their conversation is erased |
    | commune | its name | | a conversation in which it was named is erased |
    | took | class of the time to an answer | | its conversation is erased |
    | wait | class of the wait for an official | | its conversation is erased |
    | erased | citizen, retention or request | | a conversation is erased |
    | pruned | messages, replies or media | | they were too old (channels/retention.py) |
    | called | | | Zalo took a message (channels/metering.py) |

    Services add kinds of their own in their part of the erasure (troly/erasure.py).
    """

    __tablename__ = "daily_count"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    language: Mapped[str] = mapped_column(String(8), primary_key=True)
    """vi, en, or empty where none is known."""
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    detail: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[int] = mapped_column(Integer)


@dataclass(frozen=True, slots=True)
class Count:
    """Something that happened, today unless `day` says when."""

    channel: str
    language: str | None
    kind: str
    name: str = ""
    detail: str = ""
    day: datetime | None = None
    number: int = 1


async def add(connection: AsyncConnection, happened: Iterable[Count]) -> None:
    """Count it within the caller's transaction, as its last statement where many write at once."""
    moment = now()
    found: Counter[tuple[date, str, str, str, str, str]] = Counter()
    for one in happened:
        key = (
            (one.day or moment).astimezone(VIETNAM).date(),
            one.channel,
            one.language or "",
            one.kind,
            one.name[:80],
            one.detail[:40],
        )
        found[key] += one.number
    if not found:
        return
    names = ("day", "channel", "language", "kind", "name", "detail")
    # Always in the same order: two transactions must not wait for each other.
    rows = [dict(zip(names, key, strict=True)) | {"number": number} for key, number in sorted(found.items())]
    await connection.execute(_adding(connection.dialect.name), rows)


@cache
def _adding(backend: str) -> Any:
    """Made once: to put it together takes longer than to run it."""
    insert = (postgresql if backend == "postgresql" else sqlite).insert(DailyCount)
    return insert.on_conflict_do_update(
        index_elements=["day", "channel", "language", "kind", "name", "detail"],
        set_={"number": DailyCount.number + insert.excluded.number},
    )
