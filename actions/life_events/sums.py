"""Fees and time limits of one procedure and of several: only what the records state is added up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portal.models import Duration, Procedure

_DAYS = {"HOUR": 1 / 24, "DAY": 1.0, "WORKING_DAY": 7 / 5, "MONTH": 30.0, "YEAR": 365.0}


@dataclass(frozen=True, slots=True)
class Charge:
    """What a procedure costs, in đồng; both None where the record states no fixed amount."""

    low: int | None
    high: int | None
    stated: bool
    """Whether the record says anything about money; if so and `low` is None, it depends on the case."""
    noted: bool = False
    """Whether the record adds a remark: per copy, per person, for whom it is free."""


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of the stated amounts, and the numbers of the procedures that are not in it."""

    low: int
    high: int
    missing: tuple[int, ...]
    counted: int
    """How many procedures are in the sum."""


def charge(procedure: Procedure) -> Charge:
    """The fee where each way of filing has exactly one amount; the cheapest and dearest way."""
    fees = [one for method in procedure.methods for one in method.fees]
    amounts = []
    for method in procedure.methods:
        stated = {one.amount for one in method.fees if one.currency == "VND" or one.amount == 0}
        if len(stated) != 1 or any(one.amount is None or _elsewhere(one.currency) for one in method.fees):
            return Charge(None, None, stated=bool(fees))
        amounts.append(stated.pop() or 0)
    if not amounts:
        return Charge(None, None, stated=False)
    noted = max(amounts) > 0 and any(one.note.strip() for one in fees)
    return Charge(min(amounts), max(amounts), stated=True, noted=noted)


def total(charges: Sequence[Charge]) -> Total:
    """All that is stated, added up."""
    known = [(one.low, one.high) for one in charges if one.low is not None and one.high is not None]
    missing = tuple(number for number, one in enumerate(charges, 1) if one.low is None)
    return Total(sum(low for low, _ in known), sum(high for _, high in known), missing, len(known))


def longest(procedure: Procedure) -> Duration | None:
    """The longest time limit of a record; one in words only where none is a number."""
    times = [method.time for method in procedure.methods if method.time]
    times += [case.time for case in procedure.cases if case.time]
    return _longest(times)


def slowest(times: Sequence[Duration | None]) -> int | None:
    """The number of the procedure that takes longest; None where no limit is a number."""
    known = [(days(time), -number) for number, time in enumerate(times, 1) if time and days(time)]
    return -max(known)[1] if known else None


def days(time: Duration) -> float:
    """About how many calendar days, for comparing; 0 for a limit in words."""
    return (time.value or 0) * _DAYS.get(time.unit, 0)


def _longest(times: Iterable[Duration]) -> Duration | None:
    return max(times, key=days, default=None)


def _elsewhere(currency: str) -> bool:
    return currency not in ("VND", "")
