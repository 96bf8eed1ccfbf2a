"""Codes, phone numbers, positions and languages."""

from __future__ import annotations

from datetime import date

import pytest

from bot.understanding.entities import EntityFinder, ordinal
from bot.understanding.places import PlaceFinder
from portal.codes import looks_like_application_code, parse_application_code


@pytest.fixture
def finder() -> EntityFinder:
    names = {"tieng anh": "en", "english": "en", "tieng viet": "vi", "中文": "zh"}
    places = PlaceFinder.of(["phường Bãi Cháy"])
    return EntityFinder(
        parse_application_code, looks_like_application_code, names, places, lambda: date(2026, 11, 22)
    )


def test_a_position_is_no_monday_and_a_code_no_date(finder: EntityFinder) -> None:
    assert [e.name for e in finder.find("cái thứ hai")] == ["ordinal"]
    assert [e.name for e in finder.find("H49.08-251105-0312")] == ["application_code"]


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("2", 2), ("số 1 đi", 1), ("so 2", 2), ("cái thứ 2", 2), ("cái thứ hai nhé", 2), ("đầu", 1),
        ("the second one", 2), ("option 3", 3), ("cái đầu tiên", 1), ("cuối", -1), ("(3)", 3),
        ("the last one please", -1), ("dạ chọn 2 ạ", 2), ("2️⃣", 2), ("第二个", 2),
        ("hai đứa con", None), ("con 8 tuổi", None), ("mức 2 là gì", None), ("12", None), ("hai", None),
        ("tôi có 2 con", None), ("", None), ("năm sao", None), ("lớp 1", None),
        ("ở đâu", None), ("ở đâu ạ", None), ("o dau a", None), ("dạ ở đâu vậy", None),
        ("ở đầu", 1), ("dau tien", 1),
    ],
)  # fmt: skip
def test_reads_a_position_only_where_the_whole_message_is_one(text: str, position: int | None) -> None:
    assert ordinal(text) == position


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("hồ sơ h49.08 251105 0312 xong chưa", "application_code", "H49.08-251105-0312"),
        ("h4908 251105 0312 nha ad", "application_code", "H49.08-251105-0312"),
        ("mã 1.001193 cần gì", "procedure_code", "1.001193"),
        ("mã 1.001193.000.00.00.H49", "procedure_code", "1.001193"),
        ("gọi em số 0912 345 678", "phone", "0912345678"),
        ("+84 912 345 678", "phone", "0912345678"),
        ("我的电话是0912345678谢谢", "phone", "0912345678"),
        ("手续代码1.001193是什么", "procedure_code", "1.001193"),
        ("접수번호는H49.08-251105-0312입니다", "application_code", "H49.08-251105-0312"),
        ("chuyển sang tiếng Anh", "requested_language", "en"),
        ("đổi từ english sang tiếng Việt", "requested_language", "vi"),
        ("请说中文", "requested_language", "zh"),
        ("con sinh ngày 12/05/2024", "date", "2024-05-12"),
        ("thứ hai tuần sau có làm không", "date", "2026-11-23"),
        ("phuong bai chay o dau", "commune", "phường Bãi Cháy"),
    ],
)
def test_finds(finder: EntityFinder, text: str, kind: str, value: str) -> None:
    assert {(e.name, e.value) for e in finder.find(text)} >= {(kind, value)}


@pytest.mark.parametrize(
    "text", ["nhà rộng 12x5", "nghị định 123/2024/NĐ-CP", "lương 5.000.000 đồng", "xin chào"]
)
def test_ordinary_numbers_are_no_entities(finder: EntityFinder, text: str) -> None:
    assert finder.find(text) == []


def test_a_malformed_code_is_told_apart_from_a_good_one(finder: EntityFinder) -> None:
    names = {e.name for e in finder.find("H49.08-2511-03")}
    assert "malformed_code" in names
    assert "application_code" not in names


def test_a_position_stands_where_the_code_stands(finder: EntityFinder) -> None:
    text = "hs H49.08-251105-0312 ạ"
    (code,) = finder.find(text)
    assert text[code.start : code.end] == "H49.08-251105-0312"
