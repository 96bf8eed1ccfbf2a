"""Days that a message names."""

from __future__ import annotations

from datetime import date

import pytest

from bot.understanding.dates import find_day

SUNDAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("hẹn 22/11/2026", date(2026, 11, 22)),
        ("hạn 30-6-2025", date(2025, 6, 30)),
        ("ngày 5 tháng 12", date(2026, 12, 5)),
        ("ngày 3 tháng 2", date(2027, 2, 3)),
        ("ngay 5/12 em den duoc khong", date(2026, 12, 5)),
        ("thứ hai tuần sau", date(2026, 11, 23)),
        ("thứ 6 tuần này", date(2026, 11, 20)),
        ("chu nhat toi", date(2026, 11, 29)),
        ("ngày mai có làm không", date(2026, 11, 23)),
        ("tomorrow morning", date(2026, 11, 23)),
        ("next monday", date(2026, 11, 23)),
        ("on 5 December", date(2026, 12, 5)),
        ("March 8th, 2027", date(2027, 3, 8)),
    ],
)
def test_reads_a_day(text: str, day: date) -> None:
    found = find_day(text, SUNDAY)
    assert found is not None
    assert found.value == day


@pytest.mark.parametrize(
    "text",
    [
        "1/2 thửa đất",
        "nghị định 123/2024/NĐ-CP",
        "thông tư 01/2021/TT-BKHĐT",
        "mã 1.001193",
        "5.000.000 đồng",
        "29/2/2025",
        "cái thứ hai",
        "thứ hai",
        "H49.08-251105-0312",
        "may I ask",
        "",
    ],
)
def test_other_numbers_and_positions_are_no_days(text: str) -> None:
    assert find_day(text, SUNDAY) is None


def test_the_day_stands_where_it_is_written() -> None:
    text = "em hẹn ngày 5 tháng 12 nhé"
    found = find_day(text, SUNDAY)
    assert found is not None
    assert text[found.start : found.end] == "ngày 5 tháng 12"
