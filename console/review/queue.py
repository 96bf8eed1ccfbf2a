"""The lists that staff work through, and one group with what is needed to decide on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select, text, true
from sqlalchemy.ext.asyncio import AsyncConnection

from console.errors import Missing
from console.review.known import Known
from console.review.reasons import Reason
from console.review.teaching import Conflict, conflicts
from console.visits import Staff
from troly.tables.delivery import Outbox
from troly.tables.review import CONFIRM, SETTLE, WAITING, ReviewGroup, ReviewItem, ReviewLabel

LISTS = (WAITING, CONFIRM, SETTLE)
SIZE = 40
SHOWN = 200
"""Messages of a group that one page shows; the rest stay for the next decision."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a list."""

    group: int
    count: int
    rank: int
    reasons: int
    item: Row[Any]
    """The first message that is meant."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A group in one state, to be decided on."""

    group: Row[Any]
    items: list[Row[Any]]
    more: int
    """Messages that the page does not show."""
    reply: str
    """What the assistant answered to the first."""
    labels: dict[int, list[Row[Any]]]
    """By message: what was said of it, oldest first."""
    conflicts: list[Conflict]
    reasons: int


def waiting_in(staff: Staff, state: str) -> list[ColumnElement[bool]]:
    """The condition on messages of a list, as this person sees it: nobody confirms their own labels."""
    mine = [ReviewItem.state == state]
    if state == CONFIRM:
        mine.append(or_(ReviewItem.labelled_by.is_(None), ReviewItem.labelled_by != staff.name))
    return mine


async def counts(connection: AsyncConnection, staff: Staff) -> dict[str, int]:
    """How many messages are in each list."""
    found = {
        WAITING: await connection.scalar(
            select(func.coalesce(func.sum(ReviewGroup.waiting), 0)).where(text("waiting > 0"))
        )
    }
    for state in (CONFIRM, SETTLE):
        found[state] = await connection.scalar(
            select(func.count()).select_from(ReviewItem).where(*waiting_in(staff, state), _OPEN)
        )
    return {state: number or 0 for state, number in found.items()}


_OPEN = text("state in ('confirm', 'settle')")  # as the index says it


async def listed(
    connection: AsyncConnection,
    staff: Staff,
    state: str,
    reason: Reason | None = None,
    after: tuple[int, int] | None = None,
    size: int = SIZE,
) -> list[Entry]:
    """A page of a list, what matters most first; `after` is (rank, group) of the entry before."""
    if state == WAITING:
        groups = await _waiting(connection, reason, after, size)
    else:
        groups = await _open(connection, staff, state, after, size)
    firsts = await connection.execute(
        select(func.min(ReviewItem.id))
        .where(ReviewItem.group_id.in_([group for group, *_ in groups]), *waiting_in(staff, state))
        .group_by(ReviewItem.group_id)
    )
    ids = list(firsts.scalars())
    items = await connection.execute(select(ReviewItem.__table__).where(ReviewItem.id.in_(ids)))
    first = {item.group_id: item for item in items}
    return [Entry(*group, first[group[0]]) for group in groups if group[0] in first]


async def _waiting(
    connection: AsyncConnection, reason: Reason | None, after: tuple[int, int] | None, size: int
) -> list[tuple[int, int, int, int]]:
    query = (
        select(ReviewGroup.id, ReviewGroup.waiting, ReviewGroup.rank, ReviewGroup.reasons)
        .where(text("waiting > 0"))
        .order_by(ReviewGroup.rank.desc(), ReviewGroup.id.desc())
        .limit(size)
    )
    if reason:
        query = query.where(ReviewGroup.reasons.op("&")(int(reason)) != 0)
    if after:
        rank, group = after
        query = query.where(
            or_(ReviewGroup.rank < rank, (ReviewGroup.rank == rank) & (ReviewGroup.id < group))
        )
    return [(row.id, row.waiting, row.rank, row.reasons) for row in await connection.execute(query)]


async def _open(
    connection: AsyncConnection, staff: Staff, state: str, after: tuple[int, int] | None, size: int
) -> list[tuple[int, int, int, int]]:
    query = (
        select(ReviewItem.group_id, func.count().label("number"))
        .where(*waiting_in(staff, state), _OPEN, ReviewItem.group_id < after[1] if after else true())
        .group_by(ReviewItem.group_id)
        .order_by(ReviewItem.group_id.desc())
        .limit(size)
    )
    return [(row.group_id, row.number, 0, 0) for row in await connection.execute(query)]


async def before(
    connection: AsyncConnection, staff: Staff, state: str, reason: Reason | None, place: tuple[int, int]
) -> int | None:
    """The group that stands before this place (rank, group) in its list."""
    rank, group = place
    if state == WAITING:
        query = select(ReviewGroup.id).where(
            text("waiting > 0"),
            or_(ReviewGroup.rank > rank, (ReviewGroup.rank == rank) & (ReviewGroup.id > group)),
            ReviewGroup.reasons.op("&")(int(reason)) != 0 if reason else true(),
        )
        query = query.order_by(ReviewGroup.rank, ReviewGroup.id)
    else:
        query = select(ReviewItem.group_id).where(
            *waiting_in(staff, state), _OPEN, ReviewItem.group_id > group
        )
        query = query.order_by(ReviewItem.group_id)
    found: int | None = await connection.scalar(query.limit(1))
    return found


async def sheet(connection: AsyncConnection, data: Known, staff: Staff, group: int, state: str) -> Sheet:
    """A group to decide on. Raises Missing."""
    row = (await connection.execute(select(ReviewGroup.__table__).where(ReviewGroup.id == group))).first()
    if row is None:
        raise Missing("review.gone")
    mine = ReviewItem.group_id == group, *waiting_in(staff, state)
    items = list(
        await connection.execute(
            select(ReviewItem.__table__).where(*mine).order_by(ReviewItem.id).limit(SHOWN)
        )
    )
    number = await connection.scalar(select(func.count()).select_from(ReviewItem).where(*mine)) or 0
    reply = await _reply(connection, items[0].message_id, items[0].conversation_id) if items else ""
    # Whoever confirms does not see what the first one said: otherwise agreement would mean nothing.
    labels = await _labels(connection, items) if state == SETTLE else {}
    texts = list(dict.fromkeys(item.folded for item in items))
    of = items[0].intent if items else None
    seen = 0
    for item in items:
        seen |= item.reasons
    return Sheet(
        row, items, number - len(items), reply, labels, await conflicts(connection, data, texts, of), seen
    )


async def texts(connection: AsyncConnection, staff: Staff, group: int, state: str) -> list[Any]:
    """The messages of a group with what names are made of, and nothing more."""
    rows = await connection.execute(
        select(ReviewItem.id, ReviewItem.text, ReviewItem.folded, ReviewItem.language)
        .where(ReviewItem.group_id == group, *waiting_in(staff, state))
        .order_by(ReviewItem.id)
        .limit(SHOWN)
    )
    return list(rows)


async def _reply(connection: AsyncConnection, message: str | None, conversation: str | None) -> str:
    contents = await connection.scalars(
        select(Outbox.content)
        .where(Outbox.inbox_id == message, Outbox.conversation_id == conversation)
        .order_by(Outbox.number)
        .limit(6)
    )
    return "\n\n".join(str((content or {}).get("text") or "") for content in contents).strip()


async def _labels(connection: AsyncConnection, items: Sequence[Any]) -> dict[int, list[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = {}
    for label in await connection.execute(
        select(ReviewLabel.__table__)
        .where(ReviewLabel.item_id.in_([item.id for item in items]), ReviewLabel.removed_at.is_(None))
        .order_by(ReviewLabel.id)
    ):
        found.setdefault(label.item_id, []).append(label)
    return found
