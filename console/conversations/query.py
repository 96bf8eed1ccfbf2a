"""From filters to SQL on the turns, on both databases.

Ids of turns grow with time, so the order of a list is the primary key's, and each filter has an index that
ends in the id (troly/tables/turns.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Integer, Select, and_, column, func, literal_column, select, table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from console.conversations.filters import Filters
from troly.clock import VIETNAM
from troly.tables.marks import ConversationFlag, ConversationTag
from troly.tables.turns import Turn

BATCH = 200
RARE = 4000
"""What fewer turns than this have is read through its own index."""
_SKEW = timedelta(minutes=10)
"""Ids of several gateways may be so much out of order with their times."""

_BY_RARITY = (
    *("text", "tag", "flag", "procedure", "commune", "rating", "handed", "intent", "status", "sure"),
    *("language", "channel"),
)
_COMMON = {("sure", "middle"), ("sure", "high")}

_SEARCH = table("turn_search", column("rowid", Integer))
"""The full-text index of SQLite."""


def matching(filters: Filters, dialect: str, *, indexed: bool = False) -> list[Any]:
    """The conditions of the filters on Turn; `indexed`: words are looked up rather than compared.

    Step by step, PostgreSQL would read its whole list of a common word each time.
    """
    found_by = "turn.turn_search" if indexed else "coalesce(turn.turn_search, ''::tsvector)"
    conditions: list[Any] = []
    for name, asked in (
        ("channel", Turn.channel),
        ("language", Turn.language),
        ("intent", Turn.intent),
        ("status", Turn.status),
        ("procedure", Turn.procedure_code),
        ("commune", Turn.commune),
    ):
        if value := getattr(filters, name):
            conditions.append(asked == value)
    if filters.sure == "low":
        conditions.append(text("turn.confidence < 0.5"))  # written as in the index
    elif filters.sure == "middle":
        conditions.append(and_(Turn.confidence >= 0.5, Turn.confidence < 0.8))
    elif filters.sure == "high":
        conditions.append(Turn.confidence >= 0.8)
    if filters.rating == "any":
        conditions.append(Turn.rating.is_not(None))
    elif filters.rating:
        conditions.append(Turn.rating == {"bad": -1, "middle": 0, "good": 1}[filters.rating])
    if filters.handed:
        conditions.append(Turn.handed_over)
    if filters.since:
        conditions.append(Turn.at >= _midnight(filters.since))
    if filters.until:
        conditions.append(Turn.at < _midnight(filters.until, 1))
    if filters.tag:
        conditions.append(
            Turn.conversation_id.in_(
                select(ConversationTag.conversation_id).where(ConversationTag.tag == filters.tag)
            )
        )
    if filters.flag:
        conditions.append(
            Turn.conversation_id.in_(
                select(ConversationFlag.conversation_id).where(ConversationFlag.kind == filters.flag)
            )
        )
    if filters.words and dialect == "postgresql":
        wanted = func.to_tsquery("simple", _words(filters, " & ", ":*"))
        conditions.append(literal_column(found_by).op("@@")(wanted))
    return conditions


async def rare(connection: AsyncConnection, filters: Filters) -> tuple[list[int], Filters] | None:
    """The turns of the first filter that few have, newest first, and the filters that are left.

    None where each of the filters alone is common: then what matches is soon found from the newest on.
    """
    for name in _BY_RARITY:
        if value := filters.set.get(name):
            alone = Filters(**{name: value})
            if (not alone.words and name == "text") or (name, value) in _COMMON:
                continue
            rows = await connection.execute(_ids(alone, connection.dialect.name).limit(RARE + 1))
            found = [row.id for row in rows]
            if len(found) <= RARE:
                return sorted(found, reverse=True), replace(filters, **{name: ""})
    return None


def _ids(filters: Filters, dialect: str) -> Select[Any]:
    """The ids of what one filter alone finds, in no order: each database takes its quickest way."""
    if filters.words and dialect == "sqlite":
        return select(_SEARCH.c.rowid.label("id")).where(_wanted(filters))
    return select(Turn.id).where(*matching(filters, dialect, indexed=True))


def rows_of(
    filters: Filters, dialect: str, low: int, high: int, limit: int, ids: Sequence[int] | None = None
) -> Select[*tuple[Any, ...]]:
    """Turns that match, newest first, with ids from `low` up to and without `high`, or among `ids`."""
    columns = (
        Turn.id,
        Turn.conversation_id,
        Turn.message_id,
        Turn.at,
        Turn.channel,
        Turn.language,
        Turn.intent,
        Turn.confidence,
        Turn.procedure_code,
        Turn.status,
        Turn.handed_over,
        Turn.rating,
    )
    query = select(*columns).where(*matching(filters, dialect)).limit(limit)
    by_words = bool(filters.words) and dialect == "sqlite"
    number: Any = _SEARCH.c.rowid if by_words else Turn.id
    if by_words:
        # The plus keeps SQLite from reading turns first and asking the full-text index about each.
        join = Turn.id == literal_column("+turn_search.rowid")
        query = query.select_from(_SEARCH).join(Turn, join).where(_wanted(filters))
    among = number.in_(list(ids)) if ids is not None else and_(number >= low, number < high)
    return query.where(among).order_by(number.desc())


async def bounds(connection: AsyncConnection, filters: Filters) -> tuple[int, int]:
    """The ids between which the period lies."""
    top = await connection.scalar(select(func.max(Turn.id))) or 0
    low, high = 0, top + 1
    if filters.since:
        at = _midnight(filters.since) - _SKEW
        low = (
            await connection.scalar(select(Turn.id).where(Turn.at >= at).order_by(Turn.at).limit(1))
            or top + 1
        )
    if filters.until:
        at = _midnight(filters.until, 1) + _SKEW
        high = (
            await connection.scalar(select(Turn.id).where(Turn.at >= at).order_by(Turn.at).limit(1))
            or top + 1
        )
    return low, high


async def turns(connection: AsyncConnection, filters: Filters, low: int, high: int, limit: int) -> list[int]:
    """The ids of turns that match, newest first."""
    rows = await connection.execute(rows_of(filters, connection.dialect.name, low, high, limit))
    return [row.id for row in rows]


def _wanted(filters: Filters) -> Any:
    """The condition on SQLite's full-text index."""
    return text("turn_search MATCH :wanted").bindparams(wanted=_words(filters, " ", "*", quoted=True))


def _words(filters: Filters, joint: str, end: str, *, quoted: bool = False) -> str:
    """All words, each also as a beginning; letters and digits only, so that nothing is an operator."""
    mark = '"' if quoted else ""
    return joint.join(f"{mark}{word}{mark}{end}" for word in filters.words)


def _midnight(day: str, later: int = 0) -> datetime:
    return datetime.combine(date.fromisoformat(day) + timedelta(days=later), time(), VIETNAM)
