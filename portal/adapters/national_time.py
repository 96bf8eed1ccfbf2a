"""Processing times of the national portal: a number and a unit, a text, or neither."""

from __future__ import annotations

from typing import Any

from portal.adapters.values import number, records, text
from portal.models import TIME_UNITS, Duration, TimeUnit
from troly.text import fold

# Fillers that only say "look elsewhere" or nothing at all; the method's note has the words.
_FILLERS = frozenset({"", "-", "khong", "0", "theo mo ta", "xem phan mo ta", "xem mo ta", "."})
_VIETNAMESE: dict[TimeUnit, str] = {
    "WORKING_DAY": "ngày làm việc",
    "DAY": "ngày",
    "HOUR": "giờ",
    "MONTH": "tháng",
    "YEAR": "năm",
}


def method_time(value: Any, unit: Any, cases: list[tuple[str, Duration]]) -> Duration | None:
    """The time limit of one way to submit; None when the portal states none.

    With the unit OTHER a number means nothing by itself ("5 other"): then the second place where the portal
    keeps times decides (`cases`, see case_times), if it has any.
    """
    amount = number(value)
    known = _unit(unit)
    if known != "OTHER" and amount is not None and amount > 0:
        return Duration(amount, known)
    words = text(value) if amount is None else ""
    if fold(words) not in _FILLERS:
        return Duration(None, "OTHER", words)
    stated = list(dict.fromkeys(duration for _, duration in cases))
    if not stated:
        return None
    if len(stated) == 1:
        return stated[0]
    # Several limits for cases that the portal does not tell apart: all of them, none chosen.
    ordered = sorted(stated, key=lambda duration: (TIME_UNITS.index(duration.unit), duration.value or 0))
    return Duration(None, "OTHER", "; ".join(_words(duration) for duration in ordered))


def case_times(raw: dict[str, Any]) -> list[tuple[str, Duration]]:
    """The times in cases[].processingDay with a real unit, each with its case's folded name."""
    found = []
    for case in records(raw.get("cases")):
        day = case.get("processingDay")
        if not isinstance(day, dict):
            continue
        amount, unit = number(day.get("qty")), _unit(day.get("type"))
        if amount and amount > 0 and unit != "OTHER":
            found.append((fold(text(case.get("name"))), Duration(amount, unit)))
    return found


def _unit(value: Any) -> TimeUnit:
    return next((known for known in TIME_UNITS if known == value), "OTHER")


def _words(duration: Duration) -> str:
    return f"{duration.value:g} {_VIETNAMESE[duration.unit]}".replace(".", ",")
