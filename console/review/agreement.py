"""How far reviewers agree: Cohen's kappa over what two people labelled without seeing each other's label."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from console.review.labels import FIRST, SECOND, category
from troly.tables.review import ReviewLabel

_MOST = 20_000


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of two people, or of all pairs together (names empty)."""

    first: str
    second: str
    number: int
    same: int
    kappa: float | None
    """1: always the same; 0: no more than by chance. None where there is nothing to tell by."""

    @property
    def share(self) -> float | None:
        """Of the messages on which both say the same."""
        return self.same / self.number if self.number else None


def kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa of two people's categories for the same messages."""
    total = len(pairs)
    if not total:
        return None
    one, other = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    observed = sum(a == b for a, b in pairs) / total
    expected = sum(number * other[name] for name, number in one.items()) / total**2
    return None if expected >= 1 else (observed - expected) / (1 - expected)


async def agreement(connection: AsyncConnection) -> tuple[Agreement, list[Agreement]]:
    """Over all, and by pair of people, the busiest first."""
    a, b = aliased(ReviewLabel), aliased(ReviewLabel)
    newest = (
        select(
            a.author, a.verdict, a.intent, a.procedure_code,
            b.author.label("second"), b.verdict.label("said"), b.intent.label("meant"),
            b.procedure_code.label("about"),
        )
        .join(a, a.item_id == b.item_id)
        .where(
            b.stage == SECOND, a.stage == FIRST, a.removed_at.is_(None), b.removed_at.is_(None)
        )
        .order_by(b.id.desc())
        .limit(_MOST)
        .subquery()
    )  # fmt: skip
    # Counted by the database: there are many labels, and few that differ.
    rows = await connection.execute(select(*newest.c, func.count()).group_by(*newest.c))
    of_pair: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for first, verdict, intent, procedure, second, *other in rows:
        said, meant, about, number = other
        categories = category(verdict, intent, procedure), category(str(said), meant, about)
        if first <= second:
            of_pair[(first, second)] += [categories] * number
        else:
            of_pair[(second, first)] += [(categories[1], categories[0])] * number
    pairs = [_of(first, second, found) for (first, second), found in of_pair.items()]
    everything = [one for found in of_pair.values() for one in found]
    return _of("", "", everything), sorted(pairs, key=lambda one: (-one.number, one.first, one.second))


def _of(first: str, second: str, found: Sequence[tuple[str, str]]) -> Agreement:
    return Agreement(first, second, len(found), sum(a == b for a, b in found), kappa(found))
