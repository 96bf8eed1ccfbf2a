"""Work that one process at a time does for all: whoever holds the lease."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import String
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from troly.clock import now
from troly.tables.base import Base, UtcDateTime


class Lease(Base):
    """Who does a piece of work, and until when nobody else may."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    until: Mapped[datetime] = mapped_column(UtcDateTime)


async def take(connection: AsyncConnection, name: str, owner: str, duration: timedelta) -> bool:
    """Take or prolong the lease of some work; False while another has it."""
    moment = now()
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    held = await connection.execute(
        dialect.insert(Lease)
        .values(name=name, owner=owner, until=moment + duration)
        .on_conflict_do_update(
            index_elements=["name"],
            set_={"owner": owner, "until": moment + duration},
            where=(Lease.owner == owner) | (Lease.until <= moment),
        )
        .returning(Lease.name)
    )
    return held.first() is not None
