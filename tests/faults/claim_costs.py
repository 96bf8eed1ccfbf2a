"""Compares two ways to claim a row, as what waits grows; for claiming_cost.py and sending_cost.py."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from time import perf_counter
from typing import Any

import sqlalchemy as sa

from channels.store import Store
from troly.clock import now

LEASE = timedelta(seconds=60)
"""What is claimed is given back after each measurement."""

Way = tuple[str, Callable[[], Awaitable[Any]]]
"""A title and a claim."""


def as_it_was(store: Store, statement: Any) -> Callable[[], Awaitable[None]]:
    """A claim by a statement of before, with its parameters."""

    async def claim() -> None:
        moment = now()
        values = {"moment": moment, "most": 1, "until": moment + LEASE, "name": "x"}
        async with store.write() as connection:
            (await connection.execute(statement, values)).all()

    return claim


async def compare(
    store: Store,
    table: Any,
    untouched: dict[str, Any],
    rows: Callable[[int, int, Any], Sequence[dict[str, Any]]],
    ways: tuple[Way, Way],
    times: int,
) -> None:
    """Print milliseconds a claim. `untouched`: the columns that a claim changed, as they were; `rows` makes
    waiting rows from a number up to another, of a moment."""
    given_back = (
        sa.update(table)
        .where(table.state == sa.literal_column("'waiting'"), table.due_at > sa.bindparam("now"))
        .values(claim=None, **untouched)
    )

    async def quickest(claim: Callable[[], Awaitable[Any]]) -> float:
        taken = []
        for _ in range(times):
            started = perf_counter()
            await claim()
            taken.append(perf_counter() - started)
            async with store.write() as connection:
                await connection.execute(given_back, {"now": now()})
        return round(min(taken) * 1000, 2)

    (old, before), (new, after) = ways
    print(f"waiting   {old}   {new}   (ms)")
    there = 0
    for waiting in (0, 1, 20, 200, 2000):
        async with store.write() as connection:
            if waiting > there:
                await connection.execute(sa.insert(table), rows(there, waiting, now()))
        there = waiting
        # In turn, so that both have the same machine.
        taken = [(await quickest(before), await quickest(after)) for _ in range(3)]
        ours, theirs = min(one for _, one in taken), min(one for one, _ in taken)
        print(f"{waiting:7} {theirs:{len(old) + 2}.2f} {ours:{len(new) + 3}.2f}", flush=True)


def run(description: str, measure: Callable[[str, int], Awaitable[None]]) -> None:
    """The program: `measure` gets the database's address and how often to try."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--database", default="")
    parser.add_argument("--times", type=int, default=100)
    given = parser.parse_args()

    async def measured(address: str) -> None:
        await measure(address, given.times)

    with tempfile.TemporaryDirectory(prefix="troly-claims-") as folder:
        asyncio.run(measured(given.database or f"sqlite:///{folder}/claims.db"))
