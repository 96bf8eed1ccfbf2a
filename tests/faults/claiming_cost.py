"""What the claim of the next message costs, as the inbox fills; fair, and as it was: oldest first.

python -m tests.faults.claiming_cost                                        SQLite
python -m tests.faults.claiming_cost --database postgresql://user@host/empty    PostgreSQL, an empty database

Prints the quickest of many claims of one message, transaction included, both ways in turn in the same run:
what else the machine does stays out. The table has 100,000 answered messages, a commune's in three months.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from channels import claiming
from channels.store import Store
from tests.faults import claim_costs
from troly.clock import now
from troly.database import async_engine, engine
from troly.tables import Base
from troly.tables.conversations import Conversation
from troly.tables.delivery import DONE, WAITING, Inbox

_ANSWERED = 100_000


def _oldest_first() -> Any:
    """The claim before visitors shared the workers."""
    older = aliased(Inbox)
    due = (
        sa.select(Inbox.id)
        .where(
            Inbox.state == WAITING,
            Inbox.due_at <= sa.bindparam("moment"),
            ~sa.exists().where(
                older.conversation_id == Inbox.conversation_id,
                older.state == WAITING,
                older.number < Inbox.number,
            ),
        )
        .order_by(Inbox.received_at)
        .limit(sa.bindparam("most"))
        .with_for_update(skip_locked=True, of=Inbox)
        .cte("due")
    )
    return (
        sa.update(Inbox)
        .where(Inbox.id.in_(sa.select(due.c.id)))
        .values(due_at=sa.bindparam("until"), claim=sa.bindparam("name"), attempts=Inbox.attempts + 1)
        .returning(Inbox.id, Inbox.text, Inbox.received_at)
    )


def _fill(address: str) -> None:
    made = engine(address)
    tables: Any = [Conversation.__table__, Inbox.__table__]
    Base.metadata.create_all(made, tables=tables)
    moment = now() - timedelta(days=1)
    opened = {"channel": "web", "last_event": 0, "created_at": moment, "active_at": moment}
    with made.begin() as connection:
        connection.execute(
            sa.insert(Conversation), [{"id": f"c{n}", "last_message": 100, **opened} for n in range(5000)]
        )
        connection.execute(
            sa.insert(Inbox),
            [
                _message(n, f"c{n % 5000}", n // 5000, moment) | {"state": DONE, "finished_at": moment}
                for n in range(_ANSWERED)
            ],
        )
    if made.dialect.name == "postgresql":  # which does it by itself after a while; SQLite never does
        with made.begin() as connection:
            connection.execute(sa.text("ANALYZE"))
    made.dispose()


def _message(number: int, conversation: str, place: int, moment: Any) -> dict[str, Any]:
    return {
        "id": f"m{number}",
        "channel": "web",
        "message_id": f"m{number}",
        "conversation_id": conversation,
        "number": place,
        "text": "lệ phí khai sinh bao nhiêu",
        "visitor": f"v{number % 300}",
        "received_at": moment,
        "state": WAITING,
        "due_at": moment,
        "attempts": 0,
    }


async def measure(address: str, times: int) -> None:
    """Fill, measure, print."""
    await asyncio.to_thread(_fill, address)
    store = Store(async_engine(address, prompt=True))

    def rows(begin: int, end: int, moment: Any) -> list[dict[str, Any]]:
        return [
            _message(200_000 + n, f"c{n * 7 % 5000}", 50 + n * 7 // 5000, moment) for n in range(begin, end)
        ]

    await claim_costs.compare(
        store,
        Inbox,
        {"due_at": Inbox.received_at},
        rows,
        (
            ("oldest first", claim_costs.as_it_was(store, _oldest_first())),
            ("fair", lambda: claiming.claim(store, 1, claim_costs.LEASE, share=16, lag=0.5)),
        ),
        times,
    )
    await store.close()


if __name__ == "__main__":
    claim_costs.run("The cost of a claim.", measure)
