"""New messages like no group in their words join the group that means the same, where an encoder can tell."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from sqlalchemy import func, select

from channels.store import Store
from console.review.grouping import kind_of
from console.review.meanings import Meanings, Vector, nearest
from console.review.naming import learnable
from troly.learning import LETTERS
from troly.settings import Settings
from troly.tables.review import ReviewItem

LATE = 128
"""Groups without a vector (this process is new) that are asked for with each step, of the kinds that came."""


async def merged(
    meanings: Meanings,
    store: Store,
    settings: Settings,
    items: Sequence[Mapping[str, Any]],
    groups: Sequence[int],
) -> list[int]:
    """The groups of the items, of which negative ones are to be made: fewer than before, or the same."""
    meanings.forget_expected()
    leaders: dict[int, Mapping[str, Any]] = {}
    for item, group in zip(items, groups, strict=True):
        if group < 0:
            leaders.setdefault(group, item)
    if not leaders:
        return list(groups)
    lacking = meanings.lacking({kind_of(item) for item in leaders.values()}, LATE)
    words = await _words(store, [group for _, group in lacking])
    late = [(kind, group) for kind, group in lacking if group in words]
    texts = [words[group] for _, group in late] + [learnable(item["text"]) for item in leaders.values()]
    # An address in a private network; certificates are read only where there are any.
    secure = any(base.startswith("https:") for base in settings.rasas)
    async with httpx.AsyncClient(trust_env=False, verify=secure) as http:
        vectors = await meanings.ask(http, settings.rasas, texts)
    if vectors is None:
        return list(groups)
    for kind, group in lacking:
        if group not in words:
            meanings.take(kind, group, None)
    for (kind, group), vector in zip(late, vectors, strict=False):
        meanings.take(kind, group, vector)
    moved = await asyncio.to_thread(_moved, meanings, leaders, vectors[len(late) :])
    return [moved.get(group, group) for group in groups]


def _moved(
    meanings: Meanings, leaders: Mapping[int, Mapping[str, Any]], vectors: Sequence[Vector]
) -> dict[int, int]:
    """Where groups that were to be made go instead."""
    moved: dict[int, int] = {}
    new: dict[str, dict[int, Vector]] = {}
    for (group, item), vector in zip(leaders.items(), vectors, strict=True):
        kind = kind_of(item)
        found = meanings.like(kind, vector)
        if found is None:
            found = nearest(new.setdefault(kind, {}), vector)
        if found is None:
            new[kind][group] = vector
            meanings.expect(kind, str(item["folded"])[:LETTERS], vector)
        else:
            moved[group] = found
    return moved


async def _words(store: Store, groups: Sequence[int]) -> dict[int, str]:
    """What the first message of each group says, with its accents; groups without words are not there."""
    if not groups:
        return {}
    firsts = (
        select(func.min(ReviewItem.id))
        .where(ReviewItem.group_id.in_(groups), ReviewItem.folded != "")
        .group_by(ReviewItem.group_id)
    )
    async with store.read() as connection:
        ids = list(await connection.scalars(firsts))
        rows = await connection.execute(
            select(ReviewItem.group_id, ReviewItem.text).where(ReviewItem.id.in_(ids))
        )
        return {group: words for group, text in rows if (words := learnable(text))}
