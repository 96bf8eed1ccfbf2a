"""Offices that receive applications: one-stop desks of communes and of the province."""

from __future__ import annotations

from sqlalchemy import Float, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from troly.tables.base import Base


class Office(Base):
    """One office as the province's list states it; what the list leaves empty is not known."""

    __tablename__ = "office"
    __table_args__ = (Index("ix_office_commune_code", "commune_code"),)

    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    province: Mapped[str] = mapped_column(String(80))
    level: Mapped[str] = mapped_column(String(10))
    """commune or province."""
    commune_code: Mapped[str] = mapped_column(String(8))
    """The commune where it stands (level province) or which it serves (level commune)."""
    name: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text, default="")
    phone: Mapped[str] = mapped_column(String(80), default="")
    hours: Mapped[str] = mapped_column(String(200), default="")
    """As in OFFICE_HOURS; empty: the province's common hours."""
    map_url: Mapped[str] = mapped_column(Text, default="")
    appointment_url: Mapped[str] = mapped_column(Text, default="")
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)
    source: Mapped[str] = mapped_column(Text, default="")
    """Who says so, for the answer's source line."""
    as_of: Mapped[str] = mapped_column(String(10), default="")
    """The day on which it was true: 2026-11-22."""
