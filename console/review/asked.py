"""What an address or a form of the review asks for."""

from __future__ import annotations

from typing import Any

from console.review import reasons
from console.review.queue import LISTS
from troly.tables.review import WAITING


def asked_of(given: Any) -> tuple[str, reasons.Reason | None]:
    """The list and the reason that an address or a form names."""
    state = str(given.get("list") or WAITING)
    reason = reasons.by_name(str(given.get("reason") or ""))
    return (state if state in LISTS else WAITING), reason


def is_number(value: Any) -> bool:
    """A number that fits into a column of ids."""
    return isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19
