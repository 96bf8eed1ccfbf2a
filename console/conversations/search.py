"""Finding conversations by what their turns were: newest first, page by page, on a million turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, repeat
from time import monotonic, perf_counter
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from console.conversations import query
from console.conversations.filters import Filters
from troly.tables.conversations import Conversation
from troly.tables.counts import DailyCount
from troly.tables.delivery import Inbox
from troly.tables.marks import ConversationFlag, ConversationTag
from troly.tables.turns import Turn

SIZE = 50

_STEPS = (20_000, 40_000)
"""Turns that are looked through at once; the last step is repeated."""
_SECONDS = 0.08
"""After which a page is shown as it is, with how far the search has come."""

_A_MINUTE = 60.0
_occurred: WeakKeyDictionary[AsyncEngine, tuple[float, dict[str, list[str]]]] = WeakKeyDictionary()
"""When what occurred was counted last, and what it was."""


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
    low, high = await query.bounds(connection, filters)
    search = _Search(connection, filters, size, low, high, min(high, before) if before is not None else high)
    await search.step(_STEPS[0])
    if not search.ended:
        if few := await query.rare(connection, filters):
            await search.through(*few)
        else:
            await search.backwards()
    return await search.page()


class _Search:
    """Collects a page: each conversation once, at its newest turn that matches."""

    def __init__(
        self, connection: AsyncConnection, filters: Filters, size: int, low: int, high: int, start: int
    ) -> None:
        self._connection = connection
        self._filters = filters
        self._size = size
        self._low, self._high, self._start = low, high, start
        self._cursor = start
        self._found: list[Row[Any]] = []
        self._seen: set[str] = set()

    @property
    def _full(self) -> bool:
        return len(self._found) >= self._size

    @property
    def ended(self) -> bool:
        """Whether the page is full, or nothing older is left."""
        return self._full or self._cursor <= self._low

    async def step(self, span: int) -> None:
        """Look at so many turns more."""
        bottom = max(self._low, self._cursor - span)
        while self._cursor > bottom and not self._full:
            rows = await self._rows(self._filters, bottom, self._cursor)
            await self._take(rows)
            if not self._full:
                self._cursor = rows[-1].id if len(rows) == query.BATCH else bottom

    async def backwards(self) -> None:
        """Look further back for so long as a page may take."""
        started = perf_counter()
        for span in chain(_STEPS[1:], repeat(_STEPS[-1])):
            if self.ended or perf_counter() - started > _SECONDS:
                return
            await self.step(span)

    async def through(self, ids: list[int], left: Filters) -> None:
        """Look at these turns, newest first; they have what `left` does not ask for."""
        wanted = [one for one in ids if self._low <= one < self._cursor]
        for place in range(0, len(wanted), query.BATCH):
            await self._take(await self._rows(left, 0, 0, wanted[place : place + query.BATCH]))
            if self._full:
                return
        self._cursor = self._low

    async def page(self) -> Page:
        """What was found, and where to go on."""
        last = self._cursor <= self._low and not self._full
        reached = None
        if not self.ended:
            reached = await self._connection.scalar(
                select(Turn.at).where(Turn.id >= self._cursor).order_by(Turn.id).limit(1)
            )
        hits = await _hits(self._connection, self._found)
        return Page(hits, None if last else self._cursor, reached)

    async def _rows(
        self, filters: Filters, low: int, high: int, ids: list[int] | None = None
    ) -> Sequence[Row[Any]]:
        dialect = self._connection.dialect.name
        made = query.rows_of(filters, dialect, low, high, query.BATCH, ids)
        return (await self._connection.execute(made)).all()

    async def _take(self, rows: Sequence[Row[Any]]) -> None:
        fresh: list[Row[Any]] = []
        for row in rows:
            if row.conversation_id not in self._seen:
                self._seen.add(row.conversation_id)
                fresh.append(row)
        shown = await self._shown_before([row.conversation_id for row in fresh])
        for row in fresh:
            if row.conversation_id not in shown and not self._full:
                self._found.append(row)
                self._cursor = row.id

    async def _shown_before(self, conversations: list[str]) -> set[str]:
        """Those of the conversations that a page before this one has shown."""
        if self._start == self._high or not conversations:
            return set()
        newer = await self._connection.scalars(
            select(Turn.id).where(Turn.conversation_id.in_(conversations), Turn.id >= self._start)
        )
        ids = list(newer)
        shown: set[str] = set()
        for place in range(0, len(ids), query.BATCH):
            rows = await self._rows(self._filters, 0, 0, ids[place : place + query.BATCH])
            shown |= {row.conversation_id for row in rows}
        return shown


async def choices(connection: AsyncConnection) -> dict[str, list[str]]:
    """What there is to filter by: intents and procedures that occurred up to a minute ago, and tags."""
    known = _occurred.get(connection.engine)
    if known is None or monotonic() - known[0] > _A_MINUTE:
        # With two years of counts this takes longer than the page itself.
        known = _occurred[connection.engine] = monotonic(), await _counted(connection)
    tags = await connection.scalars(select(ConversationTag.tag).distinct().order_by(ConversationTag.tag))
    return {"intents": known[1]["turn"], "procedures": known[1]["procedure"], "tags": list(tags)}


async def _counted(connection: AsyncConnection) -> dict[str, list[str]]:
    counted = await connection.execute(
        select(DailyCount.kind, DailyCount.name)
        .where(DailyCount.kind.in_(("turn", "procedure")), DailyCount.name != "")
        .distinct()
        .order_by(DailyCount.name)
    )
    found: dict[str, list[str]] = {"turn": [], "procedure": []}
    for kind, name in counted:
        found[kind].append(name)
    return found


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
