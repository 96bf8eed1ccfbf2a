"""What the assistant learns from labels that count, and how that is taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from console.review import restoring
from console.review.known import Known
from console.review.labels import NEW_INTENT, PROCEDURE, UNSURE, names_in
from console.review.naming import candidates, learnable
from troly import learning
from troly.clock import now
from troly.learning import NotTaught, Taught
from troly.settings import Settings
from troly.tables.learning import HeldOut, LearnedExample, LearnedName
from troly.tables.review import ReviewLesson

CHUNK = 400


@dataclass(frozen=True, slots=True)
class Conflict:
    """A text that already stands for something else."""

    folded: str
    where: str
    """sentence (of the project), example or held_out."""
    meaning: str
    same: bool
    """It stands for the same: nothing is in the way, and there is nothing to learn."""


async def conflicts(
    connection: AsyncConnection, data: Known, texts: Sequence[str], intent: str | None = None
) -> list[Conflict]:
    """What is known of these folded texts; `same` compares with the intent."""
    keys = [text for text in dict.fromkeys(texts) if text]
    found = [
        Conflict(key, "sentence", meaning, meaning == intent)
        for key in keys
        for meaning in sorted(data.sentences.get(key, ()))
    ]
    for where, table in (("example", LearnedExample), ("held_out", HeldOut)):
        for place in range(0, len(keys), CHUNK):
            rows = await connection.execute(
                select(table.folded, table.intent).where(
                    table.folded.in_(keys[place : place + CHUNK]), table.removed_at.is_(None)
                )
            )
            found += [Conflict(key, where, meaning, meaning == intent) for key, meaning in rows]
    return found


async def teach(
    connection: AsyncConnection,
    settings: Settings,
    data: Known,
    items: Sequence[Any],
    labels: Mapping[int, Any],
    *,
    replace: bool,
) -> Counter[str]:
    """Have the assistant learn what these settled messages mean; gives how many of what."""
    done: Counter[str] = Counter()
    lessons: list[dict[str, Any]] = []
    by_text: dict[tuple[str, str], list[Any]] = {}
    for item in items:
        label = labels[item.id]
        if label.verdict not in (UNSURE, NEW_INTENT) and item.folded and label.intent:
            by_text.setdefault((item.folded, f"{label.intent}|{label.procedure_code}"), []).append(item)
    for (key, _), same in by_text.items():
        # The one that is written with its marks says the most.
        item = max(same, key=lambda one: sum(not letter.isascii() for letter in one.text))
        label = labels[item.id]
        for taught in await _taught(connection, settings, data, item, key, label, done, replace):
            done[taught.kind] += taught.new
            rows: list[tuple[str, int, bool]] = [(taught.kind, taught.id, taught.new)]
            rows += [(taught.kind + restoring.BEFORE, row, False) for row in taught.instead_of]
            lessons += [
                {"item_id": one.id, "kind": kind, "row_id": row, "made": made}
                for one in same
                for kind, row, made in rows
            ]
    if lessons:
        await connection.execute(insert(ReviewLesson), lessons)
    return done


async def _taught(
    connection: AsyncConnection,
    settings: Settings,
    data: Known,
    item: Any,
    key: str,
    label: Any,
    done: Counter[str],
    replace: bool,
) -> list[Taught]:
    text, taught = learnable(item.text), []
    about = (label.author, item.message_id)
    try:
        if await _is_for_tests(connection, settings, data, key):
            code = label.procedure_code
            taught.append(
                await learning.hold_out(
                    connection, text, item.language, label.intent, code, *about, replace=replace
                )
            )
        elif label.intent not in data.sentences.get(key, ()):
            taught.append(
                await learning.teach_example(
                    connection, text, item.language, label.intent, *about, replace=replace
                )
            )
        else:
            done["known"] += 1
    except NotTaught as error:
        done[error.reason] += 1
    if label.verdict == PROCEDURE and label.procedure_code:
        held = any(one.kind == "held_out" for one in taught)
        for name in _names(item, label, data, held=held):
            try:
                code = label.procedure_code
                taught.append(await learning.teach_name(connection, code, item.language, name, *about))
            except NotTaught as error:
                done[error.reason] += 1
    return taught


def _names(item: Any, label: Any, data: Known, *, held: bool) -> list[str]:
    """What the label has the procedure called; of a message that is held out nothing that it says itself."""
    said = candidates(item.text, item.language, data.wording)
    names = said[:1] if label.name is None else names_in(label.name)
    own = {item.folded, *map(learning.folded, said)} if held else set()
    return [name for name in names if learning.folded(name) not in own]


async def _is_for_tests(connection: AsyncConnection, settings: Settings, data: Known, key: str) -> bool:
    """On which side the text stands: where it stands already, else where the key puts it."""
    if key in data.sentences:
        return False
    for table, tests in ((HeldOut, True), (LearnedExample, False), (LearnedName, False)):
        if await connection.scalar(
            select(table.id).where(table.folded == key, table.removed_at.is_(None)).limit(1)
        ):
            return tests
    return learning.belongs_to_tests(key, settings.signing_key, settings.review_test_share)


async def unteach(connection: AsyncConnection, items: Sequence[int]) -> Counter[str]:
    """Take back what was learned from these messages, unless another message's label says the same."""
    taken: Counter[str] = Counter()
    rows: set[tuple[str, int]] = set()
    for place in range(0, len(items), CHUNK):
        part = items[place : place + CHUNK]
        mine = ReviewLesson.item_id.in_(part), ReviewLesson.removed_at.is_(None)
        found = await connection.execute(select(ReviewLesson.kind, ReviewLesson.row_id).where(*mine))
        rows |= {(kind, row_id) for kind, row_id in found}
        await connection.execute(update(ReviewLesson).where(*mine).values(removed_at=now()))
    for kind, row_id in sorted(rows):
        if kind.endswith(restoring.BEFORE):
            continue
        of_row = ReviewLesson.kind == kind, ReviewLesson.row_id == row_id
        live = await connection.scalar(
            select(func.count()).select_from(ReviewLesson).where(*of_row, ReviewLesson.removed_at.is_(None))
        )
        made = await connection.scalar(
            select(func.count()).select_from(ReviewLesson).where(*of_row, ReviewLesson.made)
        )
        if not live and made:
            taken[kind] += await learning.take_back(connection, Taught(kind, row_id))  # type: ignore[arg-type]
    taken.subtract(await restoring.restore(connection, rows))
    return taken
