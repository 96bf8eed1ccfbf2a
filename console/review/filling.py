"""Fills the queue from finished turns: each message once, without personal data, a little at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from time import sleep
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import Select, and_, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from channels.store import Store
from console.review import merging, reasons
from console.review.grouping import Groups, kind_of
from console.review.known import known
from console.review.meanings import Meanings
from console.review.ranking import rank
from console.review.reasons import Looked, Reason
from troly import masking
from troly.clock import now
from troly.learning import LETTERS, draw, folded
from troly.settings import Settings
from troly.tables.conversations import Conversation
from troly.tables.delivery import Inbox
from troly.tables.review import WAITING, ReviewCursor, ReviewGroup, ReviewItem
from troly.tables.turns import Turn

log = structlog.get_logger("review")

MOST = 400
"""Turns of one step."""

_CURSOR = "turns"
_BACK = timedelta(days=30)
"""How far back the first look goes."""
_SETTLED = timedelta(seconds=10)
"""A turn that is younger may have been stored before another with a lower id."""
_PAUSE = timedelta(seconds=5)
_THUMBS = 200
"""The newest bad ratings, which come after their turn was looked at."""
_GROUPS = 20_000
"""Groups that new messages may join, the newest."""


@dataclass(slots=True)
class _Memory:
    """What one process knows of the groups, so that each filling reads only the new ones."""

    groups: Groups
    last: int = 0
    meanings: Meanings = field(default_factory=Meanings)


_memories: WeakKeyDictionary[Store, _Memory] = WeakKeyDictionary()
_tasks: set[asyncio.Task[int]] = set()
_locks: WeakKeyDictionary[Store, asyncio.Lock] = WeakKeyDictionary()


async def fill(store: Store, settings: Settings, *, steps: int = 1, pause: timedelta = _PAUSE) -> int:
    """Look at the turns since the last time; gives the number of messages that joined the queue.

    Asks Rasa for what new messages mean, where it answers.

    Does nothing where a look was less than `pause` ago, here or in another process.
    """
    lock = _locks.setdefault(store, asyncio.Lock())
    if lock.locked():
        return 0
    added = 0
    async with lock:
        for step in range(steps):
            more, looked = await _step(store, settings, pause if step == 0 else timedelta(0))
            added += more
            if looked < MOST:
                break
    return added


async def fill_meanwhile(store: Store, settings: Settings, seconds: float = 0.1) -> bool:
    """fill() for a page, which waits so long at most; the work goes on. Gives whether it is over."""
    task = asyncio.create_task(fill(store, settings))
    _tasks.add(task)
    task.add_done_callback(_ended)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    return bool(done)


def _ended(task: asyncio.Task[int]) -> None:
    _tasks.discard(task)
    if not task.cancelled() and (error := task.exception()):
        log.error("queue_not_filled", error=type(error).__name__)


async def _step(store: Store, settings: Settings, pause: timedelta) -> tuple[int, int]:
    async with store.read() as connection:
        cursor = (await connection.execute(select(ReviewCursor.__table__))).first()
        if cursor and now() - cursor.looked_at < pause:
            return 0, 0
        start = cursor.turn_id if cursor else await _beginning(connection)
        rows = (await connection.execute(_since(start))).all()
        late = (await connection.execute(_late_thumbs(start))).all()
        found = _found(rows, settings)
        for row in late:
            _add(found, row, Reason.THUMB_DOWN)
        there = await _there(connection, found)
        texts = await _texts(connection, [message for message in found if message not in there])
        memory = await _remembered(store, connection)
    fresh = [_item(found[message], text) for message, text in texts.items() if text.strip()]
    fresh = sorted((item for item in fresh if item["folded"]), key=lambda item: int(item["turn_id"]))
    joined = await asyncio.to_thread(_grouped, memory.groups, fresh) if fresh else []
    joined = await merging.merged(memory.meanings, store, settings, fresh, joined)
    end = rows[-1].id if rows else start
    try:
        async with store.write() as connection:
            if not await _mine(connection, cursor, end):
                return 0, 0
            touched = await _store(connection, fresh, joined)
            for message, (item_id, group_id, before) in there.items():
                more = before | found[message].reasons
                if more != before:
                    await connection.execute(
                        update(ReviewItem).where(ReviewItem.id == item_id).values(reasons=int(more))
                    )
                    touched.add(group_id)
            await rank(connection, touched)
    except IntegrityError:  # another process was first; the next look sees what it did
        return 0, 0
    return len(fresh), len(rows)


@dataclass(slots=True)
class _Found:
    """A turn with its reasons."""

    row: Any
    reasons: Reason


_previous = aliased(Turn)


def _since(start: int) -> Select[Any]:
    previous = [column.label(f"before_{column.key}") for column in _columns(_previous)]
    return (
        select(*_columns(Turn), *previous)
        .outerjoin(
            _previous,
            and_(
                _previous.conversation_id == Turn.conversation_id,
                _previous.number == Turn.number - 1,
                _previous.pressed.is_(False),
            ),
        )
        .where(Turn.id > start, Turn.at < now() - _SETTLED)
        .order_by(Turn.id)
        .limit(MOST)
    )


def _late_thumbs(start: int) -> Select[Any]:
    newest = (
        select(Turn.id)
        .where(Turn.rating == -1, Turn.id <= start, Turn.pressed.is_(False))
        .order_by(Turn.id.desc())
        .limit(_THUMBS)
        .subquery()
    )
    return (
        select(*_columns(Turn))
        .join(newest, newest.c.id == Turn.id)
        .outerjoin(ReviewItem, ReviewItem.message_id == Turn.message_id)
        .where(
            ReviewItem.id.is_(None) | (ReviewItem.reasons.op("&")(int(Reason.THUMB_DOWN)) == 0),
            Turn.words.is_not(None),
        )
    )


_OF_TURN = ("id", "conversation_id", "message_id", "at", "channel", "language", "rating", "words", "pressed")
_UNDERSTOOD = ("intent", "second_intent", "confidence", "procedure_code", "status")


def _columns(table: Any) -> list[Any]:
    return [getattr(table, name) for name in (*_OF_TURN, *_UNDERSTOOD)]


def _found(rows: Iterable[Any], settings: Settings) -> dict[str, _Found]:
    found: dict[str, _Found] = {}
    key = settings.signing_key  # may be read from a file
    for row in rows:
        if row.pressed or not row.words:
            continue
        looked = _looked(row)
        why = reasons.of_turn(looked)
        if draw(row.message_id, key, "sample") < settings.review_sample_share:
            why |= Reason.SAMPLED
        if why:
            _add(found, row, why)
        if row.before_words and (earlier := reasons.of_next(_looked(row, "before_"), looked)):
            _add(found, _before(row), earlier)
    return found


def _add(found: dict[str, _Found], row: Any, why: Reason) -> None:
    one = found.setdefault(row.message_id, _Found(row, Reason(0)))
    one.reasons |= why


class _before:
    """The previous turn of a row, read as a turn."""

    def __init__(self, row: Any) -> None:
        self._row = row

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, f"before_{name}")


def _looked(row: Any, prefix: str = "") -> Looked:
    of = {name: getattr(row, prefix + name) for name in Looked.__slots__}
    return Looked(**of | {"words": of["words"] or ""})


async def _beginning(connection: AsyncConnection) -> int:
    first = await connection.scalar(
        select(Turn.id).where(Turn.at >= now() - _BACK).order_by(Turn.at).limit(1)
    )
    return (first or 1) - 1


async def _there(connection: AsyncConnection, found: dict[str, _Found]) -> dict[str, tuple[int, int, Reason]]:
    rows = await connection.execute(
        select(ReviewItem.message_id, ReviewItem.id, ReviewItem.group_id, ReviewItem.reasons).where(
            ReviewItem.message_id.in_(list(found))
        )
    )
    return {message: (item, group, Reason(why)) for message, item, group, why in rows if message}


async def _texts(connection: AsyncConnection, messages: Sequence[str]) -> dict[str, str]:
    rows = await connection.execute(
        select(Inbox.id, Inbox.text).where(
            Inbox.id.in_(messages), Inbox.text.is_not(None), Inbox.secret.is_(False)
        )
    )
    return {message: text for message, text in rows if text}


def _item(found: _Found, text: str) -> dict[str, Any]:
    row = found.row
    return {
        "message_id": row.message_id,
        "conversation_id": row.conversation_id,
        "turn_id": row.id,
        "at": row.at,
        "channel": row.channel,
        "language": row.language or "vi",
        "text": masking.mask(text)[:2000],
        "folded": folded(masking.without(text)),
        "intent": row.intent,
        "second_intent": row.second_intent,
        "confidence": row.confidence,
        "procedure_code": row.procedure_code,
        "status": row.status,
        "reasons": int(found.reasons),
        "sampled": bool(found.reasons & Reason.SAMPLED),
        "state": WAITING,
    }


def _grouped(groups: Groups, items: Sequence[dict[str, Any]]) -> list[int]:
    """Per item its group; negative numbers are groups to be made (-1 the first)."""
    made: list[int] = []
    new = Groups(groups.rarity)
    for item in items:
        text, kind = item["folded"], kind_of(item)
        group = groups.like(text, kind)
        if group is None and (group := new.like(text, kind)) is None:
            group = -len(new) - 1
            new.add(group, text, kind)
        made.append(group)
    return made


async def _mine(connection: AsyncConnection, cursor: Any, end: int) -> bool:
    """Move the cursor on; False where another process has done so meanwhile."""
    if cursor is None:
        await connection.execute(insert(ReviewCursor).values(name=_CURSOR, turn_id=end, looked_at=now()))
        return True
    moved = await connection.execute(
        update(ReviewCursor)
        .where(
            ReviewCursor.name == _CURSOR,
            ReviewCursor.turn_id == cursor.turn_id,
            ReviewCursor.looked_at == cursor.looked_at,
        )
        .values(turn_id=end, looked_at=now())
    )
    return bool(moved.rowcount)


async def _store(
    connection: AsyncConnection, items: Sequence[dict[str, Any]], groups: Sequence[int]
) -> set[int]:
    """Insert items with their groups; gives the groups they joined."""
    # Whoever erases a conversation waits until these are stored, or was first: then they stay out.
    there = await connection.scalars(
        select(Conversation.id)
        .where(Conversation.id.in_({item["conversation_id"] for item in items}))
        .order_by(Conversation.id)
        .with_for_update(read=True)
    )
    kept = set(there)
    both = [pair for pair in zip(items, groups, strict=True) if pair[0]["conversation_id"] in kept]
    items, groups = [item for item, _ in both], [group for _, group in both]
    leaders: dict[int, dict[str, Any]] = {}
    for item, group in zip(items, groups, strict=True):
        if group < 0:
            leaders.setdefault(
                group, {"leader": item["folded"][:LETTERS], "kind": kind_of(item), "seen_at": now()}
            )
    ids: dict[int, int] = {}
    for number, leader in leaders.items():
        row = await connection.execute(
            insert(ReviewGroup).values(waiting=0, rank=0, reasons=0, **leader).returning(ReviewGroup.id)
        )
        ids[number] = row.scalar_one()
    if items:
        await connection.execute(
            insert(ReviewItem),
            [item | {"group_id": ids.get(group, group)} for item, group in zip(items, groups, strict=True)],
        )
    touched = {ids.get(group, group) for group in groups}
    if touched:
        await connection.execute(update(ReviewGroup).where(ReviewGroup.id.in_(touched)).values(seen_at=now()))
    return touched


async def _remembered(store: Store, connection: AsyncConnection) -> _Memory:
    """The groups there are, those included that another process has made since."""
    memory = _memories.get(store)
    if memory is None:
        data = await asyncio.to_thread(known)
        highest = await connection.scalar(select(func.max(ReviewGroup.id))) or 0
        memory = _memories[store] = _Memory(Groups(data.rarity), max(0, highest - _GROUPS))
    rows = (
        await connection.execute(
            select(ReviewGroup.id, ReviewGroup.leader, ReviewGroup.kind)
            .where(ReviewGroup.id > memory.last, ReviewGroup.leader != "")
            .order_by(ReviewGroup.id)
        )
    ).all()
    if rows:
        await asyncio.to_thread(_learn, memory, rows)
    return memory


def _learn(memory: _Memory, rows: Sequence[Any]) -> None:
    for number, (group, leader, kind) in enumerate(rows, 1):
        memory.groups.add(group, leader, kind)
        memory.meanings.learn(group, leader, kind)
        if number % 25 == 0:
            sleep(0.002)  # this process serves pages, which would wait for it at each of their steps
    memory.last = rows[-1].id
