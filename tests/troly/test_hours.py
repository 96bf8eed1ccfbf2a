"""Office hours: written, read, and what they say of a moment."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from troly.clock import VIETNAM
from troly.errors import SettingError
from troly.holidays import Calendar, Day, from_file
from troly.hours import OfficeHours

HOURS = OfficeHours.parse(
    "1-5 07:30-11:30 13:30-17:00; 6 08:00-10:00", Calendar.of([Day(date(2026, 11, 24), "Lễ")])
)


def at(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=VIETNAM)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        (at(2026, 11, 23, 7, 30), True),
        (at(2026, 11, 23, 11, 30), False),
        (at(2026, 11, 23, 16, 59), True),
        (at(2026, 11, 24, 9), False),
        (at(2026, 11, 28, 9), True),
        (at(2026, 11, 29, 9), False),
    ],
)
def test_open_within_the_spans_and_not_on_holidays(moment: datetime, is_open: bool) -> None:
    assert HOURS.is_open(moment) is is_open


def test_the_next_opening_skips_holidays_and_closed_days() -> None:
    assert HOURS.next_opening(at(2026, 11, 23, 17)) == at(2026, 11, 25, 7, 30)
    assert HOURS.next_opening(at(2026, 11, 28, 10)) == at(2026, 11, 30, 7, 30)
    assert HOURS.next_opening(at(2026, 11, 23, 8)) == at(2026, 11, 23, 13, 30)
    assert OfficeHours({}, Calendar()).next_opening(at(2026, 11, 23)) is None


@pytest.mark.parametrize("written", ["", "Mon 8-17", "1-5", "1-5 7:30-11:30", "1-5 25:00-26:00"])
def test_hours_that_make_no_sense_are_refused(written: str) -> None:
    with pytest.raises(SettingError):
        OfficeHours.parse(written, Calendar())


def test_tet_is_a_holiday() -> None:
    assert from_file().holiday(date(2027, 2, 6)) == "Tết Nguyên đán"


@pytest.mark.parametrize(
    ("day", "before"),
    [
        (date(2026, 7, 21), date(2026, 7, 20)),
        (date(2026, 7, 27), date(2026, 7, 24)),
        (date(2026, 9, 3), date(2026, 9, 1)),
    ],
)
def test_the_last_working_day_before_a_day_is_found_over_weekends_and_holidays(
    day: date, before: date
) -> None:
    hours = OfficeHours.parse("1-5 07:30-11:30", Calendar.of([Day(date(2026, 9, 2), "Quốc khánh")]))
    assert hours.working_day_before(day) == before
    mondays = OfficeHours.parse("1 07:30-11:30", Calendar.of([Day(date(2026, 7, 20), "x")]))
    assert mondays.working_day_before(date(2026, 7, 21)) == date(2026, 7, 13)


def test_on_an_exchanged_day_the_hours_of_the_free_day_hold() -> None:
    exchanged = [
        Day(date(2026, 8, 31), "Quốc khánh"),
        Day(date(2026, 8, 22), "Làm bù", works=True, instead_of=date(2026, 8, 31)),
        Day(date(2026, 8, 29), "Làm bù", works=True),
    ]
    hours = OfficeHours.parse("1 07:30-11:30; 2-5 07:30-11:30 13:30-17:00", Calendar.of(exchanged))
    for saturday in (22, 29):
        assert hours.is_open(at(2026, 8, saturday, 8)) and not hours.is_open(at(2026, 8, saturday, 14))
        assert hours.holiday(at(2026, 8, saturday, 8)) is None
    assert not hours.is_open(at(2026, 8, 31, 8))
    assert hours.working_day_before(date(2026, 8, 24)) == date(2026, 8, 22)
