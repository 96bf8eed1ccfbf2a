"""The number that proves an owner, and how the owner's name is shown."""

from __future__ import annotations

import pytest

from portal.owner import Factor, mask_name, read_factor


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("1234", "identity", "1234"),
        ("4 so cuoi", None, ""),
        ("4 số cuối là 1234 nhé", "identity", "1234"),
        ("the last 4 digits are 0075", "identity", "0075"),
        ("bốn số cuối là 0075 ạ", "identity", "0075"),
        ("12 34", "identity", "1234"),
        ("001090027195", "identity", "7195"),
        ("0010 9002 7195", "identity", "7195"),
        ("cmnd cũ 101234567", "identity", "4567"),
        ("0900000003", "phone", "0900000003"),
        ("sđt 0900.000.003 nhé", "phone", "0900000003"),
        ("+84 900 000 003", "phone", "0900000003"),
        ("84900000003", "phone", "0900000003"),
        ("12345", None, ""),
        ("1234 hay 5678", None, ""),
        ("H49.33-250421-0001", None, ""),
        ("không nhớ", None, ""),
        ("1" * 500, None, ""),
    ],
)
def test_the_number_is_read_as_people_write_it(text: str, kind: str | None, value: str) -> None:
    factor = read_factor(text)
    assert (factor and factor.kind, factor.value if factor else "") == (kind, value)


def test_the_number_does_not_show_itself() -> None:
    assert "1234" not in repr(Factor("identity", "1234"))


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Nguyễn Văn Mẫu", "Nguyễn V** M**"), ("JOHN SAMPLE", "JOHN S**"), ("Thử", "T**"), ("", "")],
)
def test_only_the_owner_recognises_the_name(name: str, shown: str) -> None:
    assert mask_name(name) == shown
