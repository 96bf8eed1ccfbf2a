"""The record's facts become typed values that say neither more nor less than the record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actions import values
from portal.models import Case, Document, Duration, Fee, Form, Method, Procedure
from troly.answers.rendering import Renderer

Make = Callable[..., Procedure]

FREE = Fee("FEE", 0, "VND", "")
EIGHT = Fee("FEE", 8000, "VND", "")
UNSTATED = Fee("FEE", None, "VND", "")
DEPENDS = Fee("FEE", None, "", "Theo quy định của HĐND tỉnh")


def case(name: str, *documents: Document, time: Duration | None = None) -> Case:
    return Case(name, documents, time)


@pytest.mark.parametrize(
    ("time", "vietnamese", "english"),
    [
        (Duration(1, "DAY"), "1 ngày", "1 day"),
        (Duration(3.0, "WORKING_DAY"), "3 ngày làm việc", "3 working days"),
        (Duration(0.5, "WORKING_DAY"), "0,5 ngày làm việc", "0.5 working days"),
        (Duration(8, "HOUR"), "8 giờ", "8 hours"),
        (Duration(2, "MONTH"), "2 tháng", "2 months"),
        (Duration(1, "YEAR"), "1 năm", "1 year"),
        (Duration(None, "OTHER", "Ngay trong ngày"), "Ngay trong ngày", "Ngay trong ngày"),
        (Duration(5, "OTHER", "Theo quy định"), "Theo quy định", "Theo quy định"),
        (Duration(None, "DAY", ""), "", ""),
    ],
)
def test_a_time_limit(renderers: dict[str, Renderer], time: Duration, vietnamese: str, english: str) -> None:
    assert renderers["vi"].value(values.duration(time)) == vietnamese
    assert renderers["en"].value(values.duration(time)) == english


@pytest.mark.parametrize(
    ("fee", "text"),
    [
        (EIGHT, "8.000 đồng"),
        (FREE, "0 đồng"),
        (UNSTATED, ""),
        (DEPENDS, "Theo quy định của HĐND tỉnh"),
        (Fee("FEE", 50000, "VND", "mỗi bản"), "50.000 đồng – mỗi bản"),
        (Fee("FEE", 50000, "VND", "/bản"), "50.000 đồng/bản"),
        (Fee("FEE", 50000, "VND", " - Đối với cá nhân"), "50.000 đồng – Đối với cá nhân"),
        (Fee("FEE", 0, "VND", "hộ nghèo"), "0 đồng – hộ nghèo"),
        (Fee("FEE", 25, "USD", ""), "25 đô la Mỹ"),
        (Fee("FEE", 500, "", ""), "500 (Cổng không ghi đơn vị tiền)"),
    ],
)
def test_a_charge(renderers: dict[str, Renderer], fee: Fee, text: str) -> None:
    assert renderers["vi"].value(values.fee(fee)) == text


def lines(renderers: dict[str, Renderer], made: list[Any]) -> list[str]:
    return [renderers["vi"].value(one) for one in made]


def test_a_charge_that_is_the_same_everywhere_is_one_line(
    procedure: Make, renderers: dict[str, Renderer]
) -> None:
    made = procedure(methods=(Method("DIRECT", None, (EIGHT,), ""), Method("ONLINE", None, (EIGHT,), "")))
    assert lines(renderers, values.fees(made)) == ["- 8.000 đồng"]


def test_charges_that_differ_name_the_ways_of_submitting(
    procedure: Make, renderers: dict[str, Renderer]
) -> None:
    made = procedure(
        methods=(
            Method("DIRECT", None, (EIGHT,), ""),
            Method("POSTAL", None, (EIGHT,), ""),
            Method("ONLINE", None, (FREE,), ""),
        )
    )
    assert lines(renderers, values.fees(made)) == [
        "- Nộp trực tiếp, Gửi bưu điện: 8.000 đồng",
        "- Nộp qua mạng: 0 đồng",
    ]


def test_a_way_without_a_stated_charge_is_not_given_one(
    procedure: Make, renderers: dict[str, Renderer]
) -> None:
    made = procedure(methods=(Method("DIRECT", None, (EIGHT,), ""), Method("ONLINE", None, (UNSTATED,), "")))
    assert lines(renderers, values.fees(made)) == ["- Nộp trực tiếp: 8.000 đồng"]


@pytest.mark.parametrize(
    ("fees", "text"),
    [
        ((), ""),
        ((UNSTATED,), ""),
        ((EIGHT,), "8.000 đồng"),
        ((EIGHT, EIGHT), "8.000 đồng"),
        ((FREE, FREE), "0 đồng"),
        ((Fee("FEE", 0, "VND", "hộ nghèo"),), 'tùy trường hợp, Anh/Chị bấm "Lệ phí" để xem'),
        ((EIGHT, FREE), 'tùy trường hợp, Anh/Chị bấm "Lệ phí" để xem'),
        ((EIGHT, DEPENDS), 'tùy trường hợp, Anh/Chị bấm "Lệ phí" để xem'),
        ((DEPENDS,), 'tùy trường hợp, Anh/Chị bấm "Lệ phí" để xem'),
        ((Fee("FEE", 8000, "VND", "bản chính"),), 'tùy trường hợp, Anh/Chị bấm "Lệ phí" để xem'),
    ],
)
def test_the_charge_in_one_phrase(
    procedure: Make, renderers: dict[str, Renderer], fees: tuple[Fee, ...], text: str
) -> None:
    made = procedure(methods=(Method("DIRECT", None, fees, ""),))
    assert renderers["vi"].value(values.brief_fee(made)) == text


def test_time_limits_that_agree_are_one(procedure: Make, renderers: dict[str, Renderer]) -> None:
    three = Duration(3, "DAY")
    made = procedure(methods=(Method("DIRECT", three, (), ""), Method("ONLINE", three, (), "")))
    assert lines(renderers, values.times(made)) == ["3 ngày"]


def test_time_limits_that_differ_name_the_way(procedure: Make, renderers: dict[str, Renderer]) -> None:
    made = procedure(
        methods=(Method("DIRECT", Duration(3, "DAY"), (), ""), Method("ONLINE", Duration(2, "DAY"), (), ""))
    )
    assert lines(renderers, values.times(made)) == ["Nộp trực tiếp: 3 ngày", "Nộp qua mạng: 2 ngày"]


def test_without_times_of_the_ways_those_of_the_cases_are_given(
    procedure: Make, renderers: dict[str, Renderer]
) -> None:
    made = procedure(
        methods=(Method("DIRECT", None, (), ""),),
        cases=(*tuple(case(f"case {days}", time=Duration(days, "DAY")) for days in (1, 1, 2)), case("none")),
    )
    assert lines(renderers, values.times(made)) == ["1 ngày", "2 ngày"]
    assert values.times(procedure()) == []


def test_agencies_come_before_levels(procedure: Make) -> None:
    assert values.places(procedure(agencies=("Sở Tư pháp",), levels=("province",))) == [
        {"official": "Sở Tư pháp"}
    ]
    assert values.places(procedure(levels=("commune", "province"))) == [
        {"response": "label_level_commune"},
        {"response": "label_level_province"},
    ]
    assert values.places(procedure()) == []


@pytest.mark.parametrize(
    ("originals", "copies", "vietnamese", "english"),
    [
        (1, 0, "2. Tờ khai (1 bản chính)", "2. Tờ khai (1 original)"),
        (2, 0, "2. Tờ khai (2 bản chính)", "2. Tờ khai (2 originals)"),
        (0, 1, "2. Tờ khai (1 bản sao)", "2. Tờ khai (1 copy)"),
        (1, 3, "2. Tờ khai (1 bản chính, 3 bản sao)", "2. Tờ khai (originals: 1, copies: 3)"),
        (0, 0, "2. Tờ khai", "2. Tờ khai"),
    ],
)
def test_a_paper_with_its_copies(
    renderers: dict[str, Renderer], originals: int, copies: int, vietnamese: str, english: str
) -> None:
    paper = values.document(2, Document("- Tờ khai", "", originals, copies, ()))
    assert renderers["vi"].value(paper) == vietnamese
    assert renderers["en"].value(paper) == english


def test_a_remark_is_no_paper(renderers: dict[str, Renderer]) -> None:
    remark = Document("* Lưu ý: mang theo bản gốc", "", 0, 0, ())
    assert not values.is_paper(remark)
    assert renderers["vi"].value(values.document(0, remark)) == "- Lưu ý: mang theo bản gốc"
    assert values.is_paper(Document("Mẫu", "", 0, 0, (Form("Mẫu", "https://x.example"),)))


@pytest.mark.parametrize(
    ("name", "alternative"),
    [
        ("Trường hợp cấp lại", True),
        ("* Đối với cá nhân:", True),
        ("Cấp đổi thẻ", True),
        ("TRƯỜNG HỢP LẦN ĐẦU", True),
        ("* Giấy tờ phải nộp:", False),
        ("* Giấy tờ phải xuất trình đối với cá nhân", False),
        ("Trường hợp ủy quyền", False),
        ("Lưu ý đối với hồ sơ điện tử", False),
        ("", False),
    ],
)
def test_only_cases_that_exclude_each_other_are_alternatives(name: str, alternative: bool) -> None:
    assert values.is_alternative(case(name)) is alternative


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("* Đối với cá nhân:", "Đối với cá nhân"),
        ("1. Trường hợp cấp mới", "Trường hợp cấp mới"),
        ("1.Trường hợp cấp mới", "Trường hợp cấp mới"),
        ("2.1. Cấp lại", "Cấp lại"),
        ("(3) Cấp đổi", "Cấp đổi"),
        ("a) Cá nhân", "Cá nhân"),
        ("đ) Tổ chức", "Tổ chức"),
        ("1.000 m2 trở lên", "1.000 m2 trở lên"),
        ("10.5 tấn", "10.5 tấn"),
        ("  nhiều   khoảng\ntrắng ", "nhiều khoảng trắng"),
        ("", ""),
    ],
)
def test_a_heading_loses_its_bullet_and_number_but_no_quantity(name: str, title: str) -> None:
    assert values.section_title(name) == title


def test_a_case_without_a_name_has_its_number(renderers: dict[str, Renderer]) -> None:
    assert renderers["vi"].value(values.case_title(case(""), 3)) == "Trường hợp 3"
    assert renderers["en"].value(values.case_title(case(""), 3)) == "Case 3"


def test_a_long_text_is_cut_between_paragraphs() -> None:
    text = "\n".join(f"Bước {number}: " + "nội dung " * 20 for number in range(1, 9))
    parts = values.pages(text, 400)
    assert len(parts) > 2
    assert all(len(part) <= 400 and part.startswith("Bước ") for part in parts)
    assert "\n".join(parts).split() == text.split()


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    text = " ".join(f"Câu thứ {number} dài vừa phải." for number in range(40))
    parts = values.pages(text, 200)
    assert len(parts) > 3
    assert all(len(part) <= 200 and part.endswith(".") for part in parts)
    assert " ".join(parts).split() == text.split()


@pytest.mark.parametrize("text", ["", "  \n \r\n "])
def test_no_text_has_no_page(text: str) -> None:
    assert values.pages(text) == []


def test_a_text_is_shortened_at_a_word_and_says_so() -> None:
    assert values.shorten("một hai, ba bốn", 9) == "một hai…"
    assert values.shorten("một  hai\nba", 20) == "một hai ba"


@pytest.mark.parametrize(
    ("official", "plain"),
    [
        ("Thủ tục đăng ký khai sinh", "Đăng ký khai sinh"),
        ("Cấp giấy phép môi trường (cấp Tỉnh) ( 1.010727 )", "Cấp giấy phép môi trường (cấp Tỉnh)"),
        ("Đổi giấy phép lái xe", "Đổi giấy phép lái xe"),
        ("Cấp phép " + "rất dài " * 40, "Cấp phép " + "rất dài " * 17 + "rất…"),
    ],
)
def test_an_official_name_is_shown_plainly(official: str, plain: str) -> None:
    assert values.plain_name(official) == plain
