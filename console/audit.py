"""The audit: each line carries the hash of the one before, so that a change anywhere shows.

Writers wait for each other at the head's row; a line is committed with what it tells, or neither is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from troly.clock import now
from troly.tables.audit import GENESIS, AuditHead, AuditLine

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """One line."""

    sequence: int
    at: datetime
    actor: str
    action: str
    target: str
    before: Any
    after: Any
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Broken:
    """Where the chain does not hold."""

    sequence: int
    reason: str
    """changed, missing or shortened."""


async def hold(connection: AsyncConnection) -> None:
    """Wait for the writers before; those after wait until the caller's transaction ends.

    The first statement of a transaction that will add a line.
    """
    await connection.execute(update(AuditHead).where(AuditHead.id == 1).values(id=1))


async def append(
    connection: AsyncConnection,
    *,
    actor: str,
    action: str,
    target: str,
    before: Any = None,
    after: Any = None,
) -> int:
    """Add a line within the caller's transaction; gives its number. Never put a citizen's words in it."""
    await hold(connection)
    head = (await connection.execute(select(AuditHead.sequence, AuditHead.hash))).one()
    line = {
        "sequence": head.sequence + 1,
        # Whole microseconds survive both databases; what is hashed is what is read back.
        "at": now(),
        "actor": actor[:60],
        "action": action[:60],
        "target": target[:120],
        "before": _plain(before),
        "after": _plain(after),
        "previous": head.hash,
    }
    digest = _hash(line)
    await connection.execute(insert(AuditLine).values(**line, hash=digest))
    await connection.execute(
        update(AuditHead).where(AuditHead.id == 1).values(sequence=line["sequence"], hash=digest)
    )
    return int(head.sequence) + 1


async def verify(connection: AsyncConnection) -> AsyncIterator[int | Broken]:
    """Recompute the chain: gives the number of lines checked so far, and every place where it breaks."""
    head = (await connection.execute(select(AuditHead.sequence, AuditHead.hash))).one()
    expected, previous = 1, GENESIS
    while True:
        rows = (
            await connection.execute(
                select(AuditLine.__table__)
                .where(AuditLine.sequence >= expected, AuditLine.sequence <= head.sequence)
                .order_by(AuditLine.sequence)
                .limit(_PAGE)
            )
        ).mappings().all()  # fmt: skip
        for row in rows:
            line = dict(row)
            digest = line.pop("hash")
            if line["sequence"] != expected:
                yield Broken(expected, "missing")
            elif line["previous"] != previous or _hash(line) != digest:
                yield Broken(line["sequence"], "changed")
            expected, previous = line["sequence"] + 1, digest
        yield expected - 1
        if len(rows) < _PAGE:
            break
    if (expected - 1, previous) != (head.sequence, head.hash):
        yield Broken(expected - 1, "shortened")


async def head_of(connection: AsyncConnection) -> tuple[int, str]:
    """The number and the hash of the last line: noted elsewhere, they prove the chain's length."""
    head = (await connection.execute(select(AuditHead.sequence, AuditHead.hash))).one()
    return head.sequence, head.hash


async def hash_at(connection: AsyncConnection, sequence: int) -> str | None:
    """The hash of a line."""
    found: str | None = await connection.scalar(select(AuditLine.hash).where(AuditLine.sequence == sequence))
    return found


def _hash(line: dict[str, Any]) -> str:
    told = line | {"at": line["at"].astimezone(UTC).isoformat(timespec="microseconds")}
    return hashlib.sha256(
        json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    ).hexdigest()


def _plain(value: Any) -> Any:
    """As it will be read back: tuples become lists, keys texts."""
    return None if value is None else json.loads(json.dumps(value, ensure_ascii=False, default=str))
