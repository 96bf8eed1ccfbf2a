"""Only amounts that records state are added up, and limits are compared across units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actions.life_events.sums import Charge, charge, longest, slowest, total
from portal.models import Case, Duration, Fee, Method, Procedure

Make = Callable[..., Procedure]


def method(channel: str, *amounts: int | None, currency: str = "VND", time: Duration | None = None) -> Method:
    fees = tuple(Fee("FEE", amount, currency, "") for amount in amounts)
    return Method(channel, time, fees, "")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("methods", "expected"),
    [
        ([method("DIRECT", 8000)], Charge(8000, 8000, True)),
        ([method("DIRECT", 20000), method("ONLINE", 10000)], Charge(10000, 20000, True)),
        ([method("DIRECT", 0, currency=""), method("ONLINE", 0)], Charge(0, 0, True)),
        ([method("DIRECT", 250000, 350000)], Charge(None, None, True)),
        ([method("DIRECT", None)], Charge(None, None, True)),
        ([method("DIRECT", 5, currency="USD")], Charge(None, None, True)),
        ([method("DIRECT", 5000, currency="")], Charge(None, None, True)),
        ([method("DIRECT", 8000), method("ONLINE")], Charge(None, None, True)),
        ([method("DIRECT")], Charge(None, None, False)),
        ([], Charge(None, None, False)),
    ],
)
def test_a_fee_is_stated_where_each_way_has_one_amount(
    procedure: Make, methods: list[Method], expected: Charge
) -> None:
    assert charge(procedure(methods=tuple(methods))) == expected


def test_a_remark_beside_an_amount_is_noted(procedure: Make) -> None:
    def made(amount: int, note: str) -> Charge:
        fees = (Fee("FEE", amount, "VND", note),)
        return charge(procedure(methods=(Method("DIRECT", None, fees, ""),)))

    assert made(30000, "/bản").noted
    assert not made(30000, " ").noted
    assert not made(0, "Miễn phí").noted


def test_the_sum_names_what_is_not_in_it() -> None:
    made = total([Charge(10000, 20000, True), Charge(None, None, True), Charge(0, 0, True)])
    assert (made.low, made.high, made.missing, made.counted) == (10000, 20000, (2,), 2)


def test_the_longest_limit_is_found_across_units(procedure: Make) -> None:
    def limit(value: Any, unit: str) -> Procedure:
        return procedure(methods=(method("DIRECT", time=Duration(value, unit)),))  # type: ignore[arg-type]

    records = [limit(7, "WORKING_DAY"), limit(1, "MONTH"), limit(20, "DAY"), limit(None, "OTHER")]
    assert slowest([longest(one) for one in records]) == 2
    assert slowest([longest(records[-1]), None]) is None


def test_the_longest_limit_of_a_record_counts_ways_and_cases(procedure: Make) -> None:
    record = procedure(
        methods=(
            method("DIRECT", time=Duration(3, "DAY")),
            method("ONLINE", time=Duration(5, "WORKING_DAY")),
        ),
        cases=(Case("a", (), Duration(10, "HOUR")),),
    )
    assert longest(record) == Duration(5, "WORKING_DAY")
