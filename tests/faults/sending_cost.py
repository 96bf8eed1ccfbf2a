"""What the claim of the next reply to send costs, as the outbox fills; numbered, and as it was: compared.

python -m tests.faults.sending_cost                                        SQLite
python -m tests.faults.sending_cost --database postgresql://user@host/empty    PostgreSQL, an empty database

Prints the quickest of many claims of one reply, transaction included, both ways in turn in the same run. The
table has 100,000 replies that were sent; those that wait belong to as many conversations.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from time import perf_counter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from channels import sending
from channels.store import Store
from troly.clock import now
from troly.database import async_engine, engine
from troly.tables import Base
from troly.tables.channels import AddressRow
from troly.tables.conversations import Conversation
from troly.tables.delivery import SENT, WAITING, Outbox

_SENT = 100_000
_CONVERSATIONS = 5000
_LEASE = timedelta(seconds=60)


def _compared() -> Any:
    """The claim as it was: each waiting row compared with all others of its conversation."""
    older = aliased(Outbox)
    due = (
        sa.select(Outbox.id)
        .where(
            Outbox.state == WAITING,
            Outbox.due_at <= sa.bindparam("moment"),
            Outbox.channel.in_(["push"]),
            ~sa.exists().where(
                older.conversation_id == Outbox.conversation_id,
                older.state == WAITING,
                older.number < Outbox.number,
            ),
        )
        .order_by(Outbox.id)
        .limit(sa.bindparam("most"))
        .with_for_update(skip_locked=True, of=Outbox)
        .cte("due")
    )
    return (
        sa.update(Outbox)
        .where(Outbox.id.in_(sa.select(due.c.id)))
        .values(due_at=sa.bindparam("until"), claim=sa.bindparam("name"))
        .returning(Outbox.id, Outbox.content)
    )


def _fill(address: str) -> None:
    made = engine(address)
    tables: Any = [table.__table__ for table in (Conversation, AddressRow, Outbox)]
    Base.metadata.create_all(made, tables=tables)
    moment = now() - timedelta(days=1)
    opened = {"channel": "push", "last_message": 0, "created_at": moment, "active_at": moment}
    with made.begin() as connection:
        connection.execute(
            sa.insert(Conversation),
            [{"id": f"c{n}", "last_event": 100, **opened} for n in range(_CONVERSATIONS)],
        )
        sent = {"state": SENT, "sent_at": moment}
        rows = [_reply(n % _CONVERSATIONS, n // _CONVERSATIONS, moment) | sent for n in range(_SENT)]
        connection.execute(sa.insert(Outbox), rows)
    if made.dialect.name == "postgresql":  # which does it by itself after a while; SQLite never does
        with made.begin() as connection:
            connection.execute(sa.text("ANALYZE"))
    made.dispose()


def _reply(conversation: int, number: int, moment: Any) -> dict[str, Any]:
    return {
        "conversation_id": f"c{conversation}",
        "number": number,
        "kind": "reply",
        "content": {"text": "Lệ phí: 0 đồng", "language": "vi"},
        "created_at": moment,
        "channel": "push",
        "state": WAITING,
        "due_at": moment,
    }


async def _quickest(store: Store, claim: Callable[[], Awaitable[Any]], times: int) -> float:
    taken = []
    for _ in range(times):
        started = perf_counter()
        await claim()
        taken.append(perf_counter() - started)
        async with store.write() as connection:
            await connection.execute(
                sa.update(Outbox)
                .where(Outbox.state == sa.literal_column("'waiting'"), Outbox.due_at > now())
                .values(claim=None, due_at=Outbox.created_at, repeated=0)
            )
    return round(min(taken) * 1000, 2)


async def measure(address: str, times: int) -> None:
    """Fill, measure, print."""
    await asyncio.to_thread(_fill, address)
    store = Store(async_engine(address, prompt=True))
    before = _compared()

    async def compared() -> None:
        moment = now()
        values = {"moment": moment, "most": 1, "until": moment + _LEASE, "name": "x"}
        async with store.write() as connection:
            (await connection.execute(before, values)).all()

    async def numbered() -> None:
        await sending.claim(store, ["push"], 1, _LEASE)

    there = 0
    print("waiting   compared   now   (ms)")
    for waiting in (0, 1, 20, 200, 2000):
        moment = now()
        async with store.write() as connection:
            if waiting > there:
                rows = [_reply(n * 7 % _CONVERSATIONS, 50, moment) for n in range(there, waiting)]
                await connection.execute(sa.insert(Outbox), rows)
        there = waiting
        # In turn, so that both have the same machine.
        old, new = [], []
        for _ in range(3):
            old.append(await _quickest(store, compared, times))
            new.append(await _quickest(store, numbered, times))
        print(f"{waiting:7} {min(old):10.2f} {min(new):6.2f}", flush=True)
    await store.close()


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description="The cost of a claim in the outbox.")
    parser.add_argument("--database", default="")
    parser.add_argument("--times", type=int, default=100)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="troly-claims-") as folder:
        asyncio.run(measure(given.database or f"sqlite:///{folder}/outbox.db", given.times))


if __name__ == "__main__":
    main()
