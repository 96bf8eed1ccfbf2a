"""The statement with which a sender takes the next rows of the outbox."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    String,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.orm import aliased

from channels.oldest import LOOKED_AT, WAITS, oldest, still_due
from troly.tables.channels import AddressRow
from troly.tables.delivery import Outbox

# The row that is being changed. For SQLite, SQLAlchemy drops the tables' names after RETURNING; in a
# subquery there a column of that row has to be written out, or it would be taken for the subquery's own.
# And as something else than a column: else SQLite reads whole tables instead of looking into their indexes.
_CONVERSATION: ColumnElement[str] = cast(literal_column("outbox.conversation_id"), String)
_NUMBER: ColumnElement[int] = cast(literal_column("outbox.number"), Integer)

_NOTHING: ColumnElement[int] = literal_column("0")
"""Added to what rows are ordered by: else SQLite goes through the whole table, which is in that order."""


@cache
def claiming(backend: str) -> Any:
    """The statement; its parameters are moment, channels, most, until and name.

    It takes the oldest of each conversation, the oldest first. Made once: that takes longer than to run it.
    """
    found = oldest(backend, Outbox, lambda table: (table.id, table.channel))
    first = found.selected_columns
    ready = (
        found.where(first.channel.in_(bindparam("channels", expanding=True)))
        .order_by(first.id + _NOTHING)
        .limit(LOOKED_AT)
        .cte("ready")
    )
    due = (
        select(Outbox.id)
        .join(ready, ready.c.id == Outbox.id)
        .where(*still_due(Outbox))
        .order_by(ready.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True, of=Outbox)
        .cte("due")
    )
    later = aliased(Outbox)
    waiting_behind = exists().where(
        later.conversation_id == _CONVERSATION, func.lower(later.state) == WAITS, later.number > _NUMBER
    )
    return (
        update(Outbox)
        .where(Outbox.id.in_(select(due.c.id)))
        .values(
            due_at=bindparam("until"),
            claim=bindparam("name"),
            # The right sides see the row as it was.
            repeated=Outbox.repeated + case((Outbox.claim.is_not(None), 1), else_=0),
            error=case((Outbox.claim.is_not(None), "sender_lost"), else_=Outbox.error),
        )
        .returning(
            Outbox.id,
            Outbox.inbox_id,
            Outbox.channel,
            Outbox.conversation_id,
            Outbox.number,
            Outbox.kind,
            Outbox.content,
            Outbox.created_at,
            Outbox.attempts,
            Outbox.parts_sent,
            Outbox.repeated,
            Outbox.platform_ids,
            _of_address(AddressRow.external_id).label("external_id"),
            _of_address(AddressRow.last_inbound_at).label("last_inbound_at"),
            _of_address(AddressRow.closed_at).label("closed_at"),
            waiting_behind.label("more"),
        )
    )


def _of_address(column: Any) -> Any:
    return select(column).where(AddressRow.conversation_id == _CONVERSATION).scalar_subquery()
