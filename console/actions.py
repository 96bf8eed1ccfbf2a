"""Every action of staff goes through here: permission, then checks, then the act, then the audit line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.store import Store
from console import audit
from console.errors import Forbidden
from console.permissions import Permission
from console.visits import Staff


@dataclass(frozen=True, slots=True)
class Change:
    """What an action did. Ids, names and numbers only: the audit outlives every erasure."""

    target: str
    """kind:id."""
    before: Any = None
    after: Any = None
    result: Any = None
    """For the caller; not written down."""


Step = Callable[[AsyncConnection], Awaitable[Change]]
Check = Callable[[AsyncConnection], Awaitable[None]]


async def act(
    store: Store,
    staff: Staff,
    permission: Permission | None,
    name: str,
    do: Step,
    *,
    check: Check | None = None,
) -> Change:
    """Do something in one transaction with its audit line. Without a permission only to one's own account.

    Raises Forbidden, and what `check` and `do` raise; then nothing happened and nothing is written.
    """
    if permission is not None and not staff.can(permission):
        raise Forbidden
    async with store.write() as connection:
        await audit.hold(connection)
        if check is not None:
            await check(connection)
        change = await do(connection)
        await _write(connection, staff, name, change)
    return change


async def act_apart(
    store: Store,
    staff: Staff,
    permission: Permission,
    name: str,
    work: Callable[[], Awaitable[Change]],
    *,
    target: str,
    check: Check | None = None,
) -> Change:
    """The same for work with transactions of its own (handing over, training, files).

    A line says that it begins, another what came of it: should the process die in between, the first stays.
    """
    if not staff.can(permission):
        raise Forbidden
    async with store.write() as connection:
        await audit.hold(connection)
        if check is not None:
            await check(connection)
        await _write(connection, staff, f"{name}_begun", Change(target))
    try:
        change = await work()
    except Exception as error:
        async with store.write() as connection:
            await _write(
                connection, staff, f"{name}_failed", Change(target, after={"error": type(error).__name__})
            )
        raise
    async with store.write() as connection:
        await _write(connection, staff, name, change)
    return change


async def _write(connection: AsyncConnection, staff: Staff, name: str, change: Change) -> None:
    await audit.append(
        connection,
        actor=staff.name,
        action=name,
        target=change.target,
        before=change.before,
        after=change.after,
    )
