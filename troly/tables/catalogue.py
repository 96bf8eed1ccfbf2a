"""The local copy of the portal's procedures, and how far its sync has come."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from troly.tables.base import Base, JsonText, UtcDateTime


class CatalogueProcedure(Base):
    """A procedure as the portal last published it. Withdrawn ones stay, marked."""

    __tablename__ = "catalogue_procedures"
    __table_args__ = (Index("ix_catalogue_procedures_code", "code"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    code: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(Text)
    folded_name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    field: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(String(40))
    levels: Mapped[Any] = mapped_column(JsonText)
    # Folded name of the province that issued it; null for national procedures.
    province: Mapped[str | None] = mapped_column(String(80))
    # Over everything that the portal states, lists in a fixed order.
    content_hash: Mapped[str] = mapped_column(String(64))
    # Over the row of the portal's list: as long as it stays, the details are not read again.
    list_hash: Mapped[str] = mapped_column(String(64))
    detail: Mapped[Any] = mapped_column(JsonText)
    as_of: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CatalogueSync(Base):
    """One run of the sync. A run without finished_at is resumed from its cursor."""

    __tablename__ = "catalogue_syncs"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    cursor: Mapped[str | None] = mapped_column(String(64))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    counts: Mapped[Any] = mapped_column(JsonText)


class CatalogueSeen(Base):
    """The procedures that an unfinished run has met in the portal's list so far."""

    __tablename__ = "catalogue_seen"

    sync_id: Mapped[int] = mapped_column(
        ForeignKey("catalogue_syncs.id", ondelete="CASCADE"), primary_key=True
    )
    procedure_id: Mapped[str] = mapped_column(String(64), primary_key=True)
