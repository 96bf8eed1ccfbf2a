"""The time, in one place, so that tests and citizens agree on it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


def today() -> datetime:
    """The current time where citizens live (UTC+7)."""
    return now().astimezone(VIETNAM)
