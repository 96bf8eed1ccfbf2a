"""How much each group is worth a look now."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from console.review.reasons import score
from troly.tables.review import WAITING, ReviewGroup, ReviewItem

_CHUNK = 500


async def rank(connection: AsyncConnection, groups: Iterable[int]) -> None:
    """Count again what waits in these groups, and put them in their place."""
    ids = sorted(set(groups))
    for place in range(0, len(ids), _CHUNK):
        part = ids[place : place + _CHUNK]
        counted: dict[int, tuple[int, int, int]] = dict.fromkeys(part, (0, 0, 0))
        rows = await connection.execute(
            select(ReviewItem.group_id, ReviewItem.reasons, func.count())
            .where(ReviewItem.group_id.in_(part), ReviewItem.state == WAITING)
            .group_by(ReviewItem.group_id, ReviewItem.reasons)
        )
        for group, why, number in rows:
            waiting, all_of_them, best = counted[group]
            counted[group] = (waiting + number, all_of_them | why, max(best, score(why)))
        values = [
            {"of": group, "waiting_": n, "reasons_": why, "rank_": best + score(0, n) if n else 0}
            for group, (n, why, best) in counted.items()
        ]
        if values:
            await connection.execute(
                update(ReviewGroup)
                .where(ReviewGroup.id == bindparam("of"))
                .values(
                    waiting=bindparam("waiting_"), reasons=bindparam("reasons_"), rank=bindparam("rank_")
                ),
                values,
            )
