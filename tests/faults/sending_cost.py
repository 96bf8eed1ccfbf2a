"""What the claim of the next reply to send costs, as the outbox fills; numbered, and as it was: compared.

python -m tests.faults.sending_cost                                        SQLite
python -m tests.faults.sending_cost --database postgresql://user@host/empty    PostgreSQL, an empty database

Prints the quickest of many claims of one reply, transaction included, both ways in turn in the same run. The
table has 100,000 replies that were sent; those that wait belong to as many conversations.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from channels import sending
from channels.store import Store
from tests.faults import claim_costs
from troly.clock import now
from troly.database import async_engine, engine
from troly.tables import Base
from troly.tables.channels import AddressRow
from troly.tables.conversations import Conversation
from troly.tables.delivery import SENT, WAITING, Outbox

_SENT = 100_000
_CONVERSATIONS = 5000


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


async def measure(address: str, times: int) -> None:
    """Fill, measure, print."""
    await asyncio.to_thread(_fill, address)
    store = Store(async_engine(address, prompt=True))

    def rows(begin: int, end: int, moment: Any) -> list[dict[str, Any]]:
        return [_reply(n * 7 % _CONVERSATIONS, 50, moment) for n in range(begin, end)]

    await claim_costs.compare(
        store,
        Outbox,
        {"due_at": Outbox.created_at, "repeated": 0},
        rows,
        (
            ("compared", claim_costs.as_it_was(store, _compared())),
            ("numbered", lambda: sending.claim(store, ["push"], 1, claim_costs.LEASE)),
        ),
        times,
    )
    await store.close()


if __name__ == "__main__":
    claim_costs.run("The cost of a claim in the outbox.", measure)
