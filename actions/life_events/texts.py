"""Figures of a plan as typed values, which the response files write in each language."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from actions.life_events.plan import Plan, Step
from actions.values import duration


def time(step: Step) -> Any:
    """The longest time limit of a procedure; said to be lacking where the record has none."""
    stated = duration(step.time) if step.time else ""
    return stated or {"response": "label_life_not_stated"}


def fee(step: Step) -> Any:
    """What a procedure costs: an amount, from–to, that it depends, or that the portal does not say."""
    charge = step.charge
    lacking = {"response": "label_life_fee_depends" if charge.stated else "label_life_not_stated"}
    return fee_of(charge.low, charge.high, noted=charge.noted) or lacking


def fee_of(low: int | None, high: int | None, *, noted: bool) -> Any:
    """An amount or from–to, in đồng; None where no fixed amount is stated."""
    if low is None or high is None:
        return None
    amount = _amount(low, high)
    return {"response": "label_life_fee_noted", "amount": amount} if noted else amount


def total(plan: Plan) -> Any:
    """The sum of what is stated, and what is not in it; "" where no amount is stated."""
    made = plan.total
    return sum_of(made.low, made.high, made.counted, made.missing)


def sum_of(low: int, high: int, counted: int, missing: Iterable[int]) -> Any:
    """The sum of `counted` procedures, in đồng, and the numbers of those that are not in it."""
    if not counted:
        return {"response": "label_life_no_total"}
    left_out = numbers(missing)
    return {
        "response": "label_life_total",
        "amount": _amount(low, high),
        "left_out": {"response": "label_life_not_counted", "numbers": left_out} if left_out else "",
    }


def numbers(which: Iterable[int]) -> str:
    """Numbers of procedures: "1, 3"."""
    return ", ".join(map(str, which))


def _amount(low: int, high: int) -> Any:
    if high == 0:
        return {"response": "label_free"}
    if low == high:
        return {"money": low, "currency": "VND"}
    return {
        "response": "label_life_range",
        "low": {"money": low, "currency": "VND"},
        "high": {"money": high, "currency": "VND"},
    }
