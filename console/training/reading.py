"""What the training pages show."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from console.errors import Missing
from troly import training
from troly.tables.learning import HeldOut, LearnedExample
from troly.tables.training import ModelActivation, ModelVersion, TrainingRun

_RUNS = 10
_VERSIONS = 30
_CONFUSED = 12
"""Intents that the confusion matrix shows: those with the most errors."""


@dataclass(frozen=True, slots=True)
class Overview:
    """The first page."""

    active: Row[Any] | None
    version: Row[Any] | None
    previous: Row[Any] | None
    """The version to go back to, if its file is still there."""
    instances: Sequence[Row[Any]]
    withdrawn: Row[Any] | None
    """The last activation, where it is one that took a version back."""
    failed: str
    """Which version that was."""
    fresh: int
    examples: int
    held_out: int
    busy: Row[Any] | None
    runs: Sequence[Row[Any]]
    versions: Sequence[Row[Any]]
    activations: Sequence[Row[Any]]
    plan: dict[str, Any]


async def overview(connection: AsyncConnection) -> Overview:
    """All of the first page."""
    active = await training.active(connection)
    version = await training.version(connection, active.version) if active else None
    previous = await training.version(connection, active.previous) if active else None
    activations = await _all(connection, ModelActivation.__table__, ModelActivation.id.desc(), _RUNS)
    withdrawn = active if active and active.kind == "withdrawn" else None
    return Overview(
        active=active,
        version=version,
        previous=previous if previous and not previous.pruned_at else None,
        instances=await training.instances(connection),
        withdrawn=withdrawn,
        failed=activations[1].version if withdrawn and len(activations) > 1 else "",
        fresh=await training.fresh(connection, version.counts if version else None),
        examples=await _live(connection, LearnedExample),
        held_out=await _live(connection, HeldOut),
        busy=await training.busy(connection),
        runs=await _all(connection, _run_columns(), TrainingRun.id.desc(), _RUNS),
        versions=await _all(connection, ModelVersion.__table__, ModelVersion.made_at.desc(), _VERSIONS),
        activations=activations,
        plan=await training.plan(connection),
    )


async def run(connection: AsyncConnection, run_id: int) -> Row[Any]:
    """A run. Raises Missing."""
    row = (await connection.execute(select(TrainingRun.__table__).where(TrainingRun.id == run_id))).first()
    if row is None:
        raise Missing("training.run_gone")
    return row


async def messages(connection: AsyncConnection, result: Any) -> dict[str, str]:
    """The words of the living test set's messages that changed; those that were taken back are not there."""
    ids = [
        int(one["id"].partition(":")[2])
        for part in (result or {}).get("sets", [])
        for one in part["changed"]
        if one["text"] is None
    ]
    rows = await connection.execute(
        select(HeldOut.id, HeldOut.text).where(HeldOut.id.in_(ids), HeldOut.removed_at.is_(None))
    )
    return {f"held_out:{row.id}": row.text for row in rows}


@dataclass(frozen=True, slots=True)
class Matrix:
    """A confusion matrix over the intents with the most errors."""

    intents: Sequence[str]
    cells: dict[tuple[str, str], int]
    errors: int
    hidden: int
    """Errors between intents that are not shown."""


def matrix(cells: Sequence[Sequence[Any]]) -> Matrix:
    """From [expected, said, how many]."""
    counts = {(str(wanted), str(said)): int(number) for wanted, said, number in cells}
    wrong = {key: number for key, number in counts.items() if key[0] != key[1]}
    weight: Counter[str] = Counter()
    for (wanted, said), number in wrong.items():
        weight[wanted] += number
        weight[said] += number
    shown = sorted(name for name, _ in weight.most_common(_CONFUSED))
    inside = {key: number for key, number in counts.items() if key[0] in shown and key[1] in shown}
    errors = sum(wrong.values())
    return Matrix(
        shown, inside, errors, errors - sum(number for key, number in inside.items() if key[0] != key[1])
    )


def slug(figure: str) -> str:
    """A figure's name as part of a text's key: "recall@1" -> "recall_1"."""
    return re.sub(r"\W+", "_", figure).strip("_").replace("macro_F1", "macro_f1")


def interval(figure: dict[str, Any]) -> str:
    """ "52,9–97,8 %"."""
    if figure.get("low") is None or figure.get("high") is None:
        return ""
    low, high = (f"{figure[name] * 100:.1f}".replace(".", ",") for name in ("low", "high"))
    return f"{low}–{high} %"


def _run_columns() -> Any:
    table = TrainingRun.__table__
    return [column for column in table.c if column.name not in ("result", "log")]


async def _all(connection: AsyncConnection, what: Any, order: Any, limit: int) -> Sequence[Row[Any]]:
    query: Any = select(*what) if isinstance(what, list) else select(what)
    return list((await connection.execute(query.order_by(order).limit(limit))).all())


async def _live(connection: AsyncConnection, table: Any) -> int:
    query = select(func.count()).select_from(table).where(table.removed_at.is_(None))
    return int(await connection.scalar(query) or 0)
