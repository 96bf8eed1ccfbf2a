"""Selections that somebody wants again; each account has its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from console.actions import Change
from console.conversations.filters import Filters
from console.errors import Invalid, Missing
from console.visits import Staff
from troly.clock import now
from troly.masking import mask
from troly.tables.staff import SavedFilter
from troly.text import clean, squeeze

_MOST = 50


async def listed(connection: AsyncConnection, staff: Staff) -> Sequence[Row[*tuple[Any, ...]]]:
    """Those of this account by name."""
    rows = await connection.execute(
        select(SavedFilter.id, SavedFilter.name, SavedFilter.query)
        .where(SavedFilter.user_id == staff.id)
        .order_by(SavedFilter.name)
    )
    return rows.all()


async def save(connection: AsyncConnection, staff: Staff, name: str, filters: Filters) -> Change:
    """Keep a selection; the same name takes the new one. Raises Invalid without a name, or for too many."""
    name = squeeze(clean(name))[:80]
    if not name:
        raise Invalid("conversations.name_empty")
    count = await connection.scalar(
        select(func.count()).select_from(SavedFilter).where(SavedFilter.user_id == staff.id)
    )
    if (count or 0) >= _MOST:
        raise Invalid("conversations.saved_many", most=_MOST)
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    await connection.execute(
        dialect.insert(SavedFilter)
        .values(user_id=staff.id, name=name, query=filters.query, created_at=now())
        .on_conflict_do_update(index_elements=["user_id", "name"], set_={"query": filters.query})
    )
    return Change(f"staff:{staff.name}", None, {"filter": mask(name), "by": sorted(filters.set)})


async def remove(connection: AsyncConnection, staff: Staff, filter_id: int) -> Change:
    """Forget one of one's own. Raises Missing for another's."""
    name = await connection.scalar(
        delete(SavedFilter)
        .where(SavedFilter.id == filter_id, SavedFilter.user_id == staff.id)
        .returning(SavedFilter.name)
    )
    if name is None:
        raise Missing
    return Change(f"staff:{staff.name}", {"filter": mask(name)}, None)
