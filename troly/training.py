"""Training as the console and the assistant's processes share it: runs, versions, which one answers.

All functions work within the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from troly.clock import now, today
from troly.tables import leases
from troly.tables.learning import LearnedExample
from troly.tables.training import ModelActivation, ModelInstance, ModelVersion, TrainingPlan, TrainingRun

LEASE = "training"
DEAD = timedelta(seconds=60)
"""A run that has not been heard of for so long has died."""
SILENT = timedelta(seconds=20)
"""A Rasa process that has not been heard of for so long is not there."""
OPEN = ("queued", "running")

_DEFAULTS: dict[str, Any] = {"hour": None, "least": 1, "keep": 5, "last_day": ""}


async def active(connection: AsyncConnection) -> Row[Any] | None:
    """The last activation: which version answers, since when, by whom; None before the first."""
    query = select(ModelActivation.__table__).order_by(ModelActivation.id.desc()).limit(1)
    return (await connection.execute(query)).first()


async def activate(
    connection: AsyncConnection, version: str, kind: str, by: str, reason: str = "", *, after: int | None
) -> bool:
    """Have a version answer from now on. `after`: the activation that the caller saw last; False where
    another came in between. Begins with a statement that writes.
    """
    if not await leases.take(connection, "activation", by[:64], timedelta(0)):
        return False
    before = await active(connection)
    if (before.id if before else None) != after:
        return False
    previous = before.version if before else None
    if before and kind == "withdrawn":
        # What could not be loaded is no version to go back to.
        previous = await connection.scalar(
            select(ModelActivation.previous)
            .where(ModelActivation.version == version, ModelActivation.kind != "withdrawn")
            .order_by(ModelActivation.id.desc())
            .limit(1)
        )
    await connection.execute(
        insert(ModelActivation).values(
            version=version, previous=previous, kind=kind, by=by, reason=reason, at=now()
        )
    )
    return True


async def register(connection: AsyncConnection, **values: Any) -> None:
    """Note a version, unless it is known."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    table = ModelVersion.__table__
    made = {"note": "", "files": "", "data": "", "verdict": "", "broken_stories": 0, "bytes": 0} | values
    await connection.execute(
        dialect.insert(table).values(made).on_conflict_do_nothing(index_elements=["name"])
    )


async def version(connection: AsyncConnection, name: str | None) -> Row[Any] | None:
    """A version's row."""
    query = select(ModelVersion.__table__).where(ModelVersion.name == name)
    return (await connection.execute(query)).first()


async def busy(connection: AsyncConnection) -> Row[Any] | None:
    """The run that waits or goes on, if any."""
    query = select(TrainingRun.__table__).where(TrainingRun.state.in_(OPEN)).order_by(TrainingRun.id).limit(1)
    return (await connection.execute(query)).first()


async def queue(connection: AsyncConnection, by: str, note: str = "") -> int | None:
    """Ask for a run; None while another waits or goes on."""
    if not await leases.take(connection, "training-wish", by[:64], timedelta(0)):
        return None
    if await busy(connection):
        return None
    row = await connection.execute(
        insert(TrainingRun)
        .values(asked_by=by, note=note, asked_at=now(), state="queued", stage="queued", progress=0.0,
                cancel_asked=False, reason="", log="")
        .returning(TrainingRun.id)
    )  # fmt: skip
    return int(row.scalar_one())


async def end(
    connection: AsyncConnection,
    run_id: int,
    state: str,
    reason: str = "",
    *,
    only: Sequence[str] = OPEN,
    **values: Any,
) -> bool:
    """Close an open run (in one of the states `only`); False where it was closed before."""
    done = await connection.execute(
        update(TrainingRun)
        .where(TrainingRun.id == run_id, TrainingRun.state.in_(only))
        .values(state=state, reason=reason, ended_at=now(), **values)
    )
    return bool(done.rowcount)


async def bury(connection: AsyncConnection) -> int:
    """Close runs whose process has died without a word; gives their number."""
    done = await connection.execute(
        update(TrainingRun)
        .where(TrainingRun.state == "running", TrainingRun.heartbeat_at < now() - DEAD)
        .values(state="failed", reason="died", ended_at=now())
    )
    return int(done.rowcount)


async def plan(connection: AsyncConnection) -> dict[str, Any]:
    """The settings: hour, least, keep, last_day."""
    query = select(*(getattr(TrainingPlan, name) for name in _DEFAULTS)).where(TrainingPlan.id == 1)
    row = (await connection.execute(query)).first()
    return dict(row._mapping) if row else dict(_DEFAULTS)


async def set_plan(connection: AsyncConnection, **values: Any) -> None:
    """Change settings."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    await connection.execute(
        dialect.insert(TrainingPlan)
        .values(id=1, **(_DEFAULTS | values))
        .on_conflict_do_update(index_elements=["id"], set_=values)
    )


async def fresh(connection: AsyncConnection, counts: Any) -> int:
    """Accepted examples that a version with these counts has not learned."""
    last = int((counts or {}).get("last_example") or 0)
    query = select(func.count()).where(LearnedExample.removed_at.is_(None), LearnedExample.id > last)
    return int(await connection.scalar(query) or 0)


async def begin_by_plan(connection: AsyncConnection) -> int | None:
    """Ask for tonight's run, once a day from the planned hour on; None where there is nothing to do."""
    here = today()
    stated = await plan(connection)
    if stated["hour"] is None or here.hour != stated["hour"] or stated["last_day"] == f"{here:%Y-%m-%d}":
        return None
    await set_plan(connection, last_day=f"{here:%Y-%m-%d}")
    current = await active(connection)
    known = await version(connection, current.version) if current else None
    if await fresh(connection, known.counts if known else None) < stated["least"]:
        return None
    return await queue(connection, "schedule")


async def instances(connection: AsyncConnection) -> list[Row[Any]]:
    """The Rasa processes that are there."""
    query = (
        select(ModelInstance.__table__)
        .where(ModelInstance.seen_at > now() - SILENT)
        .order_by(ModelInstance.name)
    )
    return list((await connection.execute(query)).all())
