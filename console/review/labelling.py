"""Decisions of staff: who may say what of which messages, what then counts, and how it is undone."""

from __future__ import annotations

import asyncio
import dataclasses
import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from console.errors import Missing, Refused
from console.review import teaching
from console.review.known import Known
from console.review.labels import (
    FIRST,
    NEW_INTENT,
    PROCEDURE,
    SECOND,
    SETTLED,
    UNSURE,
    Decision,
    answer_of,
    category,
)
from console.review.procedures import Index
from console.review.ranking import rank
from console.review.suggesting import offers, shared_out, suggested
from console.review.teaching import CHUNK
from console.visits import Staff
from troly import learning
from troly.clock import now
from troly.learning import draw
from troly.settings import Settings
from troly.tables.learning import LearnedName
from troly.tables.review import CONFIRM, DONE, SETTLE, WAITING, ReviewGroup, ReviewItem, ReviewLabel

MOST = 1000
"""Messages of one decision."""

_OTHERS = 3
"""Procedures that a conflict names."""

STAGES = {WAITING: FIRST, CONFIRM: SECOND, SETTLE: SETTLED}


@dataclass(slots=True)
class Outcome:
    """What a decision came to."""

    batch: str
    messages: int
    states: Counter[str] = field(default_factory=Counter)
    """Of the messages, afterwards."""
    taught: Counter[str] = field(default_factory=Counter)

    @property
    def figures(self) -> dict[str, Any]:
        """For the audit: numbers only."""
        return {"messages": self.messages, "states": dict(self.states), "learned": dict(self.taught)}


async def decide(
    connection: AsyncConnection,
    staff: Staff,
    settings: Settings,
    data: Known,
    index: Index,
    group: int,
    state: str,
    chosen: Sequence[int],
    decision: Decision,
    *,
    replace: bool = False,
) -> Outcome:
    """Put one decision on the chosen messages of a group that are in this state.

    Raises Missing, Refused: nothing is chosen, another was first, or a text stands for something else and
    `replace` does not say that this is meant.
    """
    if await connection.scalar(select(ReviewGroup.id).where(ReviewGroup.id == group)) is None:
        raise Missing("review.gone")
    items = [item for item in await _items(connection, chosen[:MOST]) if item.group_id == group]
    items = [item for item in items if item.state == state]
    if state == CONFIRM:
        items = [item for item in items if item.labelled_by != staff.name]
    if not items:
        raise Refused("review.nothing_left")
    if decision.verdict == PROCEDURE and decision.names is None:
        offered = suggested(await asyncio.to_thread(offers, items, data), index, decision.procedure_code)
        decision = dataclasses.replace(decision, names=tuple(one.name for one in offered if one.ticked))
    if not replace:
        await _check_conflicts(connection, data, index, items, decision)
    names = await asyncio.to_thread(shared_out, decision.names or (), items, data)
    outcome = Outcome(uuid.uuid4().hex, len(items))
    labels = []
    for item in items:
        intent, procedure = decision.meaning(item, data)
        labels.append(
            {
                "item_id": item.id,
                "batch": outcome.batch,
                "stage": STAGES[state],
                "verdict": decision.verdict,
                "intent": intent,
                "procedure_code": procedure,
                "name": "\n".join(names[item.id]) if decision.verdict == PROCEDURE else None,
                "note": decision.note,
                "author": staff.name,
                "at": now(),
            }
        )
    await connection.execute(insert(ReviewLabel), labels)
    await _conclude(connection, settings, data, [item.id for item in items], outcome, replace=replace)
    return outcome


async def undo(
    connection: AsyncConnection, staff: Staff, settings: Settings, data: Known, batch: str, *, any_of: bool
) -> Outcome:
    """Take back a decision, as far as nobody has decided on top of it; `any_of`: also another person's.

    Raises Missing, Refused.
    """
    later = aliased(ReviewLabel)
    live = ReviewLabel.batch == batch, ReviewLabel.removed_at.is_(None)
    rows = (
        await connection.execute(
            select(
                ReviewLabel.id,
                ReviewLabel.item_id,
                ReviewLabel.author,
                exists()
                .where(
                    later.item_id == ReviewLabel.item_id,
                    later.id > ReviewLabel.id,
                    later.removed_at.is_(None),
                )
                .label("covered"),
            ).where(*live)
        )
    ).all()
    if not rows or not (any_of or rows[0].author == staff.name):
        raise Missing("review.nothing_to_undo")
    free = [row for row in rows if not row.covered]
    if not free:
        raise Refused("review.decided_since")
    for place in range(0, len(free), CHUNK):
        await connection.execute(
            update(ReviewLabel)
            .where(ReviewLabel.id.in_([row.id for row in free[place : place + CHUNK]]))
            .values(removed_at=now(), removed_by=staff.name)
        )
    outcome = Outcome(batch, len(free))
    await _conclude(connection, settings, data, [row.item_id for row in free], outcome, replace=True)
    return outcome


async def last_of(connection: AsyncConnection, staff: Staff) -> str | None:
    """This person's newest decision that was not undone."""
    batch: str | None = await connection.scalar(
        select(ReviewLabel.batch)
        .where(ReviewLabel.author == staff.name, ReviewLabel.removed_at.is_(None))
        .order_by(ReviewLabel.id.desc())
        .limit(1)
    )
    return batch


async def _check_conflicts(
    connection: AsyncConnection, data: Known, index: Index, items: Sequence[Any], decision: Decision
) -> None:
    if decision.verdict in (UNSURE, NEW_INTENT):
        return
    by_intent: dict[str, list[str]] = defaultdict(list)
    for item in items:
        by_intent[decision.meaning(item, data)[0] or ""].append(item.folded)
    for intent, texts in by_intent.items():
        found = await teaching.conflicts(connection, data, texts, intent)
        agreed = {(one.folded, one.where) for one in found if one.same}
        against = [one for one in found if not one.same and (one.folded, one.where) not in agreed]
        if against:
            others = ", ".join(sorted({one.meaning for one in against}))
            raise Refused("review.conflict", number=len({one.folded for one in against}), intents=others)
    if decision.names:
        keys = {learning.folded(name) for name in decision.names}
        learned = await connection.scalars(
            select(LearnedName.procedure_code).where(
                LearnedName.folded.in_(keys), LearnedName.removed_at.is_(None)
            )
        )
        codes = set(learned).union(*(index.named.get(key, frozenset()) for key in keys))
        if theirs := codes - {decision.procedure_code}:
            raise Refused("review.name_conflict", procedure=", ".join(sorted(theirs)[:_OTHERS]))


async def _conclude(
    connection: AsyncConnection,
    settings: Settings,
    data: Known,
    ids: Sequence[int],
    outcome: Outcome,
    *,
    replace: bool,
) -> None:
    """Bring the messages to the state that their labels make, and what is learned after it."""
    items = await _items(connection, ids)
    labels = await _labels(connection, ids)
    outcome.taught.subtract(await teaching.unteach(connection, ids))
    changed: dict[tuple[str, str | None, str | None], list[int]] = defaultdict(list)
    settled: list[Any] = []
    final: dict[int, Row[Any]] = {}
    for item in items:
        given = labels.get(item.id, [])
        state, counting = _state(item, given, settings)
        answer = None
        if counting is not None:
            answer = answer_of(item, counting.verdict, counting.intent, counting.procedure_code)
        changed[(state, given[0].author if given else None, answer)].append(item.id)
        outcome.states[state] += 1
        if state == DONE and counting is not None:
            settled.append(item)
            final[item.id] = counting
    for (state, first, answer), those in changed.items():
        for place in range(0, len(those), CHUNK):
            await connection.execute(
                update(ReviewItem)
                .where(ReviewItem.id.in_(those[place : place + CHUNK]))
                .values(state=state, labelled_by=first, answer=answer)
            )
    outcome.taught.update(await teaching.teach(connection, settings, data, settled, final, replace=replace))
    await rank(connection, {item.group_id for item in items})


def _state(item: Any, labels: Sequence[Row[Any]], settings: Settings) -> tuple[str, Row[Any] | None]:
    """The state that the labels make, and the label that counts; None while two disagree."""
    if not labels:
        return WAITING, None
    last = labels[-1]
    if last.stage == SETTLED:
        return DONE, last
    if last.stage == SECOND:
        agree = _category(labels[0]) == _category(last)
        return (DONE, labels[0]) if agree and last.verdict != UNSURE else (SETTLE, None)
    if last.verdict == UNSURE:
        return SETTLE, last
    # The same text is confirmed everywhere or nowhere: it is learned once.
    chosen = draw(item.folded, settings.signing_key, "confirm") < settings.review_confirm_share
    return (CONFIRM if chosen else DONE), last


def _category(label: Row[Any]) -> str:
    return category(label.verdict, label.intent, label.procedure_code)


async def _items(connection: AsyncConnection, ids: Sequence[int]) -> list[Row[Any]]:
    found: list[Row[Any]] = []
    for place in range(0, len(ids), CHUNK):
        part = list(ids[place : place + CHUNK])
        found += await connection.execute(
            select(ReviewItem.__table__).where(ReviewItem.id.in_(part)).order_by(ReviewItem.id)
        )
    return found


async def _labels(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """The labels of these messages that were not undone, oldest first."""
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for place in range(0, len(ids), CHUNK):
        part = list(ids[place : place + CHUNK])
        for row in await connection.execute(
            select(ReviewLabel.__table__)
            .where(ReviewLabel.item_id.in_(part), ReviewLabel.removed_at.is_(None))
            .order_by(ReviewLabel.id)
        ):
            found[row.item_id].append(row)
    return found
