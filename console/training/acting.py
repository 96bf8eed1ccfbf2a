"""What staff do about training: ask, stop, activate, go back, plan. Each within the action's transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from console.actions import Change
from console.errors import Forbidden, Invalid, Missing, Refused
from console.permissions import Permission
from console.visits import Staff
from troly import training
from troly.tables.training import TrainingRun
from troly.text import clean

_NOTE = 500
KEPT = range(1, 51)


async def ask(connection: AsyncConnection, by: str, note: str) -> Change:
    """Ask for a run. Raises Refused while another waits or goes on."""
    run_id = await training.queue(connection, by, clean(note)[:_NOTE])
    if run_id is None:
        raise Refused("training.already")
    return Change(f"training_run:{run_id}", None, {"letters_of_note": len(clean(note)[:_NOTE])}, run_id)


async def cancel(connection: AsyncConnection, run_id: int) -> Change:
    """Stop a run: one that waits at once, one that goes on within seconds. Raises Refused when it ended."""
    if not await training.end(connection, run_id, "cancelled", "cancelled", only=("queued",)):
        done = await connection.execute(
            update(TrainingRun)
            .where(TrainingRun.id == run_id, TrainingRun.state == "running")
            .values(cancel_asked=True)
        )
        if not done.rowcount:
            raise Refused("training.ended_already")
    return Change(f"training_run:{run_id}", None, {"stopped": True})


async def doubts(connection: AsyncConnection, row: Row[Any], active: Row[Any] | None) -> list[str]:
    """What speaks against a version: worse, stories, unmeasured, other_baseline. Empty: nothing does."""
    found = []
    if row.verdict == "worse":
        found.append("worse")
    if row.broken_stories:
        found.append("stories")
    baseline = await connection.scalar(
        select(TrainingRun.baseline).where(TrainingRun.id == (row.run_id or 0))
    )
    if not row.verdict:
        found.append("unmeasured")
    elif active is not None and baseline != active.version:
        found.append("other_baseline")
    return found


async def activate(
    connection: AsyncConnection, name: str, staff: Staff, reason: str, *, back: bool = False
) -> Change:
    """Have a version answer. What speaks against it must be overruled, with a reason.

    Going back to the version before needs none. Raises Missing, Refused, Invalid, Forbidden.
    """
    before = await training.active(connection)
    row = await training.version(connection, name)
    if row is None:
        raise Missing("training.version_gone")
    if row.pruned_at:
        raise Refused("training.pruned")
    if before and before.version == name:
        raise Refused("training.active_already")
    running = {one.files for one in await training.instances(connection) if one.files}
    if row.files and running and row.files not in running:
        raise Refused("training.other_program")
    back = back and before is not None and before.previous == name
    against = [] if back else await doubts(connection, row, before)
    reason = clean(reason)[:_NOTE]
    if against and not staff.can(Permission.TRAINING_OVERRULE):
        raise Forbidden("training.overrule_needed")
    if against and len(reason) < 5:
        raise Invalid("training.reason_needed")
    kind = "back" if back else "activate"
    if not await training.activate(
        connection, name, kind, staff.name, reason, after=before.id if before else None
    ):
        raise Refused("training.changed_meanwhile")
    after: dict[str, Any] = {"version": name}
    if against:
        after |= {"overruled": against, "reason": reason}
    return Change(f"model:{name}", {"version": before.version} if before else None, after)


async def back(connection: AsyncConnection, staff: Staff, expected: str) -> Change:
    """Go back to the version before. `expected`: the one that the page named."""
    before = await training.active(connection)
    if before is None or not before.previous:
        raise Refused("training.no_way_back")
    if before.previous != expected:
        raise Refused("training.changed_meanwhile")
    return await activate(connection, before.previous, staff, "", back=True)


async def plan(connection: AsyncConnection, hour: str, least: str, keep: str) -> Change:
    """Set when training begins by itself, and how many versions are kept. Raises Invalid."""
    if hour and not (hour.isdecimal() and int(hour) < 24):
        raise Invalid("training.hour_invalid")
    if not (least.isdecimal() and 1 <= int(least) <= 10000):
        raise Invalid("training.least_invalid")
    if not (keep.isdecimal() and int(keep) in KEPT):
        raise Invalid("training.keep_invalid", most=KEPT[-1])
    before = await training.plan(connection)
    values = {"hour": int(hour) if hour else None, "least": int(least), "keep": int(keep)}
    # A new hour counts from today on, also one that is now.
    await training.set_plan(
        connection, **values, last_day="" if values["hour"] != before["hour"] else before["last_day"]
    )
    return Change("training_plan", {name: before[name] for name in values}, values)
