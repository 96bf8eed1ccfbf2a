"""Finding conversations by what their turns were: newest first, page by page, on a million turns.

Ids of turns grow with time, so the list's order is the primary key's, and a page continues at a number.
Each filter has an index that ends in the id (troly/tables/turns.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from time import perf_counter
from typing import Any

from sqlalchemy import Integer, Row, Select, and_, column, func, literal_column, select, table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from console.conversations.filters import Filters
from troly.clock import VIETNAM
from troly.tables.conversations import Conversation
from troly.tables.counts import DailyCount
from troly.tables.delivery import Inbox
from troly.tables.marks import ConversationFlag, ConversationTag
from troly.tables.turns import Turn

SIZE = 50

_BATCH = 200
_SPANS = (20_000, 100_000, 400_000)
"""Turns that are looked through at once when a search is rare; then all that are left."""
_SECONDS = 0.2
"""After which a page is shown as it is, with how far the search has come."""
_SKEW = timedelta(minutes=10)
"""Ids of several gateways may be so much out of order with their times."""


_SEARCH = table("turn_search", column("rowid", Integer))
"""The full-text index of SQLite."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A conversation, by its newest turn that matches."""

    turn_id: int
    conversation_id: str
    at: datetime
    channel: str
    language: str | None
    intent: str | None
    confidence: float | None
    procedure_code: str | None
    status: str
    handed_over: bool
    rating: int | None
    text: str | None
    payload: str | None
    turns: int
    tags: tuple[str, ...]
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the conversations that match."""

    hits: list[Hit]
    older: int | None
    """Where the next page begins; None: this is the last."""
    looked_back_to: datetime | None
    """Set when the page ended early: what is older has not been looked at yet."""


async def find(
    connection: AsyncConnection, filters: Filters, before: int | None = None, size: int = SIZE
) -> Page:
    """One page, newest first; `before` is the `older` of the page before."""
    low, high = await bounds(connection, filters)
    start = min(high, before) if before is not None else high
    found: list[Row[Any]] = []
    seen: set[str] = set()
    cursor, ended = start, True
    started = perf_counter()
    for span in (*_SPANS, high):
        bottom = max(low, cursor - span)
        while cursor > bottom and len(found) < size:
            rows = await _batch(connection, filters, bottom, cursor)
            for row in await _first_seen(connection, filters, rows, seen, start, high):
                if len(found) < size:
                    found.append(row)
                    cursor = row.id
            if len(found) < size:
                cursor = rows[-1].id if len(rows) == _BATCH else bottom
        ended = cursor <= low
        if len(found) >= size or ended or perf_counter() - started > _SECONDS:
            break
    full = len(found) >= size
    reached = None
    if not full and not ended:
        reached = await connection.scalar(select(Turn.at).where(Turn.id >= cursor).order_by(Turn.id).limit(1))
    return Page(await _hits(connection, found), None if ended and not full else cursor, reached)


def matching(filters: Filters, dialect: str) -> list[Any]:
    """The conditions of the filters on Turn."""
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
        conditions.append(literal_column("turn.turn_search").op("@@")(wanted))
    return conditions


async def choices(connection: AsyncConnection) -> dict[str, list[str]]:
    """What there is to filter by: intents and procedures that occurred, tags."""
    counted = await connection.execute(
        select(DailyCount.kind, DailyCount.name)
        .where(DailyCount.kind.in_(("turn", "procedure")), DailyCount.name != "")
        .distinct()
        .order_by(DailyCount.name)
    )
    found: dict[str, list[str]] = {"turn": [], "procedure": []}
    for kind, name in counted:
        found[kind].append(name)
    tags = await connection.scalars(select(ConversationTag.tag).distinct().order_by(ConversationTag.tag))
    return {"intents": found["turn"], "procedures": found["procedure"], "tags": list(tags)}


def rows_of(filters: Filters, dialect: str, low: int, high: int, limit: int) -> Select[*tuple[Any, ...]]:
    """Turns that match, newest first, with ids from `low` up to and without `high`."""
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
    if filters.words and dialect == "sqlite":
        wanted = text("turn_search MATCH :wanted").bindparams(wanted=_words(filters, " ", "*", quoted=True))
        # The plus keeps SQLite from reading turns first and asking the full-text index about each.
        join = Turn.id == literal_column("+turn_search.rowid")
        return (
            query.select_from(_SEARCH)
            .join(Turn, join)
            .where(wanted, _SEARCH.c.rowid >= low, _SEARCH.c.rowid < high)
            .order_by(_SEARCH.c.rowid.desc())
        )
    return query.where(Turn.id >= low, Turn.id < high).order_by(Turn.id.desc())


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


async def _batch(connection: AsyncConnection, filters: Filters, low: int, high: int) -> Sequence[Row[Any]]:
    rows = await connection.execute(rows_of(filters, connection.dialect.name, low, high, _BATCH))
    return rows.all()


async def _first_seen(
    connection: AsyncConnection,
    filters: Filters,
    rows: Sequence[Row[Any]],
    seen: set[str],
    start: int,
    high: int,
) -> list[Row[Any]]:
    """The rows whose conversation was neither on this page yet nor on one before."""
    fresh: list[Row[Any]] = []
    for row in rows:
        if row.conversation_id not in seen:
            seen.add(row.conversation_id)
            fresh.append(row)
    if not fresh or start == high:
        return fresh
    newer = await connection.scalars(
        select(Turn.conversation_id)
        .distinct()
        .where(
            Turn.conversation_id.in_([row.conversation_id for row in fresh]),
            Turn.id >= start,
            *matching(filters, connection.dialect.name),
            *_contains(filters, connection.dialect.name),
        )
    )
    shown = set(newer)
    return [row for row in fresh if row.conversation_id not in shown]


def _contains(filters: Filters, dialect: str) -> list[Any]:
    if not filters.words or dialect != "sqlite":
        return []
    wanted = _words(filters, " ", "*", quoted=True)
    return [
        text("turn.id IN (SELECT rowid FROM turn_search WHERE turn_search MATCH :again)").bindparams(
            again=wanted
        )
    ]


async def _hits(connection: AsyncConnection, rows: list[Row[Any]]) -> list[Hit]:
    conversations = [row.conversation_id for row in rows]
    messages = {
        row.id: row
        for row in await connection.execute(
            select(Inbox.id, Inbox.text, Inbox.payload).where(Inbox.id.in_([row.message_id for row in rows]))
        )
    }
    sizes = await connection.execute(
        select(Conversation.id, Conversation.last_message).where(Conversation.id.in_(conversations))
    )
    counts = {row.id: row.last_message for row in sizes}
    tags = await _marks(connection, ConversationTag.conversation_id, ConversationTag.tag, conversations)
    flags = await _marks(connection, ConversationFlag.conversation_id, ConversationFlag.kind, conversations)
    hits = []
    for row in rows:
        message = messages.get(row.message_id)
        hits.append(
            Hit(
                row.id,
                row.conversation_id,
                row.at,
                row.channel,
                row.language,
                row.intent,
                row.confidence,
                row.procedure_code,
                row.status,
                row.handed_over,
                row.rating,
                message.text if message else None,
                message.payload if message else None,
                counts.get(row.conversation_id, 0),
                tuple(tags.get(row.conversation_id, ())),
                tuple(flags.get(row.conversation_id, ())),
            )
        )
    return hits


async def _marks(
    connection: AsyncConnection, owner: Any, mark: Any, conversations: Sequence[str]
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for conversation_id, value in await connection.execute(
        select(owner, mark).where(owner.in_(conversations)).order_by(mark)
    ):
        found.setdefault(conversation_id, []).append(value)
    return found


def _words(filters: Filters, joint: str, end: str, *, quoted: bool = False) -> str:
    """All words, each also as a beginning; letters and digits only, so that nothing is an operator."""
    mark = '"' if quoted else ""
    return joint.join(f"{mark}{word}{mark}{end}" for word in filters.words)


def _midnight(day: str, later: int = 0) -> datetime:
    return datetime.combine(date.fromisoformat(day) + timedelta(days=later), time(), VIETNAM)
