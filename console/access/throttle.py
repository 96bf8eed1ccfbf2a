"""Failed attempts to sign in make the next ones wait, longer each time: by account and by network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, update
from sqlalchemy.dialects import postgresql, sqlite

from channels.limits import network
from channels.store import Store
from console.errors import TooOften
from troly.clock import now
from troly.privacy import Keyring
from troly.tables.staff import StaffThrottle

_FORGOTTEN = timedelta(hours=12)
"""After so long without an attempt the count begins anew."""


@dataclass(frozen=True, slots=True)
class Key:
    """Something whose attempts are counted."""

    value: str
    free: int
    """Attempts before waiting begins."""
    longest: float
    """Seconds that are waited at most: nobody can lock somebody out for long."""


def keys_of(keyring: Keyring, account: str, address: str) -> tuple[Key, Key]:
    """What an attempt counts for; an office shares one address, so that it may try more often."""
    return (
        Key(keyring.hash("sign-in account", account), 4, 300.0),
        Key(keyring.hash("sign-in network", network(address)), 20, 900.0),
    )


async def admit(store: Store, keys: Sequence[Key]) -> None:
    """Count an attempt before it is made: many at once cannot slip through. Raises TooOften."""
    moment = now()
    async with store.write() as connection:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        # Sweeps, and takes SQLite's write lock.
        await connection.execute(delete(StaffThrottle).where(StaffThrottle.last_at < moment - _FORGOTTEN))
        rows: dict[str, Row[Any]] = {}
        for key in sorted(keys, key=lambda one: one.value):  # in one order: two must not wait for each other
            fresh = {"key": key.value, "failures": 0, "last_at": moment, "until": moment - _FORGOTTEN}
            # An update that changes nothing holds the row, whether it was there or not.
            held = await connection.execute(
                dialect.insert(StaffThrottle)
                .values(fresh)
                .on_conflict_do_update(index_elements=["key"], set_={"key": key.value})
                .returning(StaffThrottle.failures, StaffThrottle.until)
            )
            rows[key.value] = held.one()
        last = max((row.until for row in rows.values()), default=moment)
        if last > moment:
            raise TooOften("access.wait", seconds=_seconds(last, moment))
        for key in keys:
            count = rows[key.value].failures + 1
            await connection.execute(
                update(StaffThrottle)
                .where(StaffThrottle.key == key.value)
                .values(failures=count, last_at=moment, until=_until(key, count, moment))
            )


async def forgive(store: Store, account: Key, net: Key | None = None) -> None:
    """The attempt succeeded: the account's count is forgotten, the network's goes back by one."""
    async with store.write() as connection:
        await connection.execute(delete(StaffThrottle).where(StaffThrottle.key == account.value))
        if net is not None:
            await connection.execute(
                update(StaffThrottle)
                .where(StaffThrottle.key == net.value, StaffThrottle.failures > 0)
                .values(failures=StaffThrottle.failures - 1, until=now() - _FORGOTTEN)
            )


def _until(key: Key, failures: int, moment: datetime) -> datetime:
    if failures < key.free:
        # Long past: an attempt that began a little earlier and waited for this one must not wait longer.
        return moment - _FORGOTTEN
    return moment + timedelta(seconds=min(key.longest, 2.0 ** min(failures - key.free, 20)))


def _seconds(until: datetime, moment: datetime) -> int:
    return max(1, round((until - moment).total_seconds()))
