"""The oldest row of each conversation that waits, in the inbox or the outbox: what can be claimed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Select, bindparam, exists, func, literal_column, select
from sqlalchemy.orm import aliased

from troly.tables.base import UtcDateTime
from troly.tables.delivery import WAITING

# Written out, as in the partial indexes: with a bound value the planner would not use them.
WAITS: Any = literal_column(f"'{WAITING}'")

MOMENT: Any = bindparam("moment", type_=UtcDateTime)

LOOKED_AT: Any = literal_column("500")
"""Rows that are compared, the longest waiting: putting thousands in order takes longer than an answer."""


def oldest(backend: str, table: Any, columns: Callable[[Any], Sequence[Any]]) -> Select[Any]:
    """`columns` and due_at of the oldest waiting row of each conversation, where it is due at MOMENT."""
    mine, older = aliased(table), aliased(table)
    wanted = (*columns(mine), mine.due_at)
    if backend == "postgresql":
        # Numbered rather than compared: when a backlog comes suddenly, the planner believes that nothing
        # waits, and would compare each with each.
        place = func.row_number().over(partition_by=mine.conversation_id, order_by=mine.number)
        numbered = select(*wanted, place.label("nth")).where(mine.state == WAITS).subquery()
        found = select(numbered).where(numbered.c.nth == 1)
    else:
        found = select(
            select(*wanted)
            .where(
                mine.state == WAITS,
                mine.due_at <= MOMENT,
                ~exists().where(
                    older.conversation_id == mine.conversation_id,
                    older.state == WAITS,
                    older.number < mine.number,
                ),
            )
            .subquery()
        )
    return found.where(found.selected_columns.due_at <= MOMENT)


def still_due(table: Any) -> tuple[Any, Any]:
    """That a row which oldest() found is as it was: what another process has just claimed is passed by.

    Not in the words of the partial index, else the planner goes through all of it for each row.
    """
    return func.lower(table.state) == WAITS, table.due_at <= MOMENT
