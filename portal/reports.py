"""Field reports and complaints as the portal takes and follows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

ReportStatus = Literal["received", "processing", "answered", "rejected"]
REPORT_STATUSES: frozenset[str] = frozenset(get_args(ReportStatus))


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture without metadata."""

    name: str
    mime: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewReport:
    """What a citizen reports. Whatever is not known is empty or None."""

    key: str
    """The same key twice is the same report: the portal makes one ticket of it."""
    receipt: str
    kind: Literal["report", "complaint"]
    category: str
    content: str
    address: str
    happened: str
    commune_code: str
    commune: str
    latitude: float | None
    longitude: float | None
    phone: str | None = field(repr=False)
    photos: tuple[Photo, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Ticket:
    """A report at the portal."""

    code: str
    status: ReportStatus
    agency: str
    answer: str
    changed_at: datetime | None
