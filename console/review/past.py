"""What was decided before, and which intents reviewers miss."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from console.review.queue import SIZE
from troly.tables.review import ReviewItem, ReviewLabel

_WINDOW = 20_000
"""Labels of one page of the history at most."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A decision of the past."""

    id: str
    at: datetime
    author: str
    stage: str
    verdict: str
    intent: str | None
    procedure_code: str | None
    messages: int
    removed: Row[Any] | None
    """When and by whom it was undone, if so."""
    text: str
    group: int


async def history(
    connection: AsyncConnection,
    *,
    group: int | None = None,
    batch: str | None = None,
    before: int | None = None,
    size: int = SIZE,
) -> tuple[list[Batch], int | None]:
    """Decisions, newest first, of one group, one of them, or all; and where the next page begins."""
    last = func.max(ReviewLabel.id).label("last")
    query = (
        select(ReviewLabel.batch, last, func.count().label("number"))
        .group_by(ReviewLabel.batch)
        .order_by(last.desc())
        .limit(size)
    )
    if group is not None:
        query = query.join(ReviewItem, ReviewItem.id == ReviewLabel.item_id)
        query = query.where(ReviewItem.group_id == group)
    elif batch is not None:
        query = query.where(ReviewLabel.batch == batch)
    else:
        # Batches follow each other: a window of ids is enough, and a count of all labels is not needed.
        highest = before or (await connection.scalar(select(func.max(ReviewLabel.id))) or 0) + 1
        query = query.where(ReviewLabel.id < highest, ReviewLabel.id >= highest - _WINDOW)
    rows = (await connection.execute(query)).all()
    labels = {
        label.id: label
        for label in await connection.execute(
            select(ReviewLabel.__table__, ReviewItem.text.label("words"), ReviewItem.group_id)
            .join(ReviewItem, ReviewItem.id == ReviewLabel.item_id)
            .where(ReviewLabel.id.in_([row.last for row in rows]))
        )
    }
    found = []
    for row in rows:
        label = labels[row.last]
        found.append(
            Batch(
                row.batch,
                label.at,
                label.author,
                label.stage,
                label.verdict,
                label.intent,
                label.procedure_code,
                row.number,
                label if label.removed_at else None,
                label.words,
                label.group_id,
            )
        )
    return found, rows[-1].last if len(rows) == size else None


async def proposals(connection: AsyncConnection) -> list[Row[Any]]:
    """Intents that reviewers miss: name, number of messages, a reason, the newest message."""
    mine = ReviewLabel.verdict == "new_intent", ReviewLabel.removed_at.is_(None)
    counted = (
        select(ReviewLabel.intent, func.count().label("number"), func.max(ReviewLabel.id).label("last"))
        .where(*mine)
        .group_by(ReviewLabel.intent)
        .subquery()
    )
    rows = await connection.execute(
        select(
            counted.c.intent,
            counted.c.number,
            ReviewLabel.note,
            ReviewLabel.author,
            ReviewItem.text.label("words"),
            ReviewItem.group_id,
        )
        .join(ReviewLabel, ReviewLabel.id == counted.c.last)
        .join(ReviewItem, ReviewItem.id == ReviewLabel.item_id)
        .order_by(counted.c.number.desc())
        .limit(100)
    )
    return list(rows)
