"""Axes end at round numbers, shapes lie where their numbers say, small numbers are left out."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from console.figures.charts import Series, axis, chart
from console.figures.opening import FEWEST, suppressed
from console.figures.period import Choice
from console.figures.wording import Wording
from troly.clock import today

VI, EN = Wording("vi"), Wording("en")


@pytest.mark.parametrize(
    ("tallest", "step", "top"),
    [
        (0, 1, 4),
        (1, 1, 1),
        (3, 1, 3),
        (7, 2, 8),
        (37, 10, 40),
        (100, 50, 100),
        (1370, 500, 1500),
        (99999, 50000, 100000),
    ],
)
def test_the_axis_ends_at_a_round_number(tallest: float, step: float, top: float) -> None:
    assert axis(tallest) == (step, top)


@given(some.floats(0.0001, 1))
def test_the_axis_of_shares_holds_them_and_ends_at_all(tallest: float) -> None:
    step, top = axis(tallest, whole=False, limit=1.0)
    assert tallest <= top * 1.000001 and top <= 1 and round(top / step) <= 10


@given(some.integers(1, 10**9))
def test_the_axis_holds_every_number_in_few_steps(tallest: int) -> None:
    step, top = axis(tallest)
    assert tallest <= top and 1 <= round(top / step) <= 6 and top % step == 0


def test_columns_stand_on_each_other_and_say_what_they_are() -> None:
    days = [date(2026, 11, day) for day in (1, 2)]
    made = chart("x", "X", days, [Series("Web", [30, 0]), Series("Zalo", [10, None])], VI)
    first, second = made.bands
    assert first.text == "01/11/2026. Web: 30; Zalo: 10" and second.shapes == ()
    lower, upper = first.shapes
    assert lower.y + lower.height == pytest.approx(made.bottom)
    assert upper.y + upper.height == pytest.approx(lower.y)
    assert lower.height == pytest.approx(3 * upper.height)
    assert upper.y == pytest.approx(made.top)
    assert [tick.text for tick in made.upward] == ["0", "10", "20", "30", "40"]


def test_a_line_is_broken_where_nothing_is_known() -> None:
    days = [date(2026, 11, 1) + timedelta(days=number) for number in range(4)]
    made = chart("x", "X", days, [Series("a", [0.5, None, 0.25, 1.0])], EN, kind="lines", shares=True)
    assert made.lines[0][1].count("M") == 2 and made.lines[0][1].count("L") == 1
    assert [tick.text for tick in made.upward][-1] == "100%"
    assert made.bands[1].text.endswith("a: –")


def test_weeks_of_long_charts_begin_on_mondays() -> None:
    days = [date(2026, 9, 1) + timedelta(days=number) for number in range(60)]
    made = chart("x", "X", days, [Series("a", [1] * 60)], VI)
    assert made.along[0].text == "07/09" and len(made.along) <= 9


def test_numbers_in_both_languages() -> None:
    assert (VI.number(1234567), EN.number(1234567)) == ("1.234.567", "1,234,567")
    assert (VI.share(0.4567), EN.share(0.4567)) == ("45,7%", "45.7%")
    assert (VI.change(0.25), EN.change(-0.25), VI.change(0.0), EN.change(None)) == (
        "+25,0%",
        "−25.0%",
        "0,0%",
        "–",
    )
    assert VI.number(-0.0001) == "0"


def test_a_month_is_compared_with_the_month_before() -> None:
    past = Choice.read({"period": "month", "month": "2026-03"})
    assert (past.start, past.end) == (date(2026, 3, 1), date(2026, 3, 31))
    assert past.before == (date(2026, 2, 1), date(2026, 2, 28))
    assert Choice.read({}).days == 30 and Choice.read({}).end == today().date()
    span = Choice.read({"since": "2026-03-05", "until": "2026-03-06"})
    assert span.before == (date(2026, 3, 3), date(2026, 3, 4))


NUMBERS = some.dictionaries(some.text("abcdef", min_size=1, max_size=3), some.integers(0, 30), max_size=8)


@given(NUMBERS)
def test_no_small_number_is_published_or_can_be_worked_out(numbers: dict[str, int]) -> None:
    shown = suppressed(numbers)
    hidden = [key for key, number in shown.items() if number is None]
    assert all(numbers[key] == number for key, number in shown.items() if number is not None)
    assert not any(0 < number < FEWEST for number in shown.values() if number is not None)
    open_left = [number for number in shown.values() if number]
    if hidden and open_left:
        together = sum(numbers[key] for key in hidden)
        assert len(hidden) >= 2 and together >= FEWEST
        # More than one mix of small numbers makes the sum.
        assert together not in (len(hidden), len(hidden) * (FEWEST - 1))
    if not any(0 < number < FEWEST for number in numbers.values()):
        assert not hidden
