"""What a label had replaced counts again when the label is undone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from troly import learning
from troly.learning import TABLES, Taught
from troly.tables.review import ReviewLesson

BEFORE = "-"
"""Behind a lesson's kind: the row was taken back for what the label teaches."""


async def restore(connection: AsyncConnection, rows: Collection[tuple[str, int]]) -> Counter[str]:
    """After these lessons (kind, row) were taken back: bring back what stood for their texts before."""
    restored: Counter[str] = Counter()
    for kind, table in TABLES.items():
        mine = [row for said, row in rows if said.removesuffix(BEFORE) == kind]
        if not mine or kind == "name":  # a name may belong to several procedures: none replaces another
            continue
        texts = select(table.folded).where(table.id.in_(mine))
        replaced = (
            await connection.scalars(
                select(table.id)
                .join(ReviewLesson, (ReviewLesson.row_id == table.id) & (ReviewLesson.kind == kind + BEFORE))
                .where(table.folded.in_(texts), table.removed_at.is_not(None))
                .distinct()
                .order_by(table.id.desc())
            )
        ).all()
        for row in replaced:
            if await _still_meant(connection, kind, row):
                taught = Taught(kind, row)  # type: ignore[arg-type]
                restored[kind] += await learning.bring_back(connection, taught)
    return restored


async def _still_meant(connection: AsyncConnection, kind: str, row: int) -> bool:
    """Whether the label that taught this row still stands; so does what no label of the review taught."""
    mine: Any = ReviewLesson.kind == kind, ReviewLesson.row_id == row
    made = await connection.scalar(select(func.count()).where(*mine, ReviewLesson.made))
    live = await connection.scalar(select(func.count()).where(*mine, ReviewLesson.removed_at.is_(None)))
    return not made or bool(live)
