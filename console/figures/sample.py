"""Answered correctly: estimated from the random sample that staff look through (troly/tables/review.py)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from console.figures.counting import midnight
from console.figures.reading import Only
from troly.statistics import Share
from troly.tables.figures import ALL
from troly.tables.review import ReviewItem

WAITS_MOST = 0.2
"""With more of the sample still waiting, what has been looked at may not be random."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What staff found of a random sample."""

    right: int = 0
    wrong: int = 0
    unsure: int = 0
    waiting: int = 0

    @property
    def share(self) -> Share:
        """Right of those that staff could tell."""
        return Share(self.right, self.right + self.wrong)

    @property
    def drawn(self) -> int:
        """The whole sample."""
        return self.right + self.wrong + self.unsure + self.waiting

    @property
    def is_early(self) -> bool:
        """Whether too much of it is still to be looked at."""
        return self.waiting > WAITS_MOST * self.drawn


async def sample(connection: AsyncConnection, start: date, end: date, only: Only) -> Sample:
    """The sample of a period."""
    query = (
        select(ReviewItem.answer, func.count())
        .where(
            text("review_item.sampled"),  # written as in the index
            ReviewItem.at >= midnight(start),
            ReviewItem.at < midnight(end + timedelta(days=1)),
        )
        .group_by(ReviewItem.answer)
    )
    for asked, column in zip(only, (ReviewItem.channel, ReviewItem.language), strict=True):
        if asked != ALL:
            query = query.where(column == asked)
    found = {answer or "waiting": number for answer, number in await connection.execute(query)}
    return Sample(*(found.get(name, 0) for name in ("right", "wrong", "unsure", "waiting")))
