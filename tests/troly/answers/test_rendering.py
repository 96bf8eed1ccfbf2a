"""Values are written as citizens of each language write them."""

from __future__ import annotations

from typing import Any

import pytest

from troly.answers.rendering import Renderer, UnknownResponse

_VI: dict[str, dict[str, Any]] = {
    "plain": {"text": "Chào Anh/Chị."},
    "answer": {"text": "Tên: {name}\nGiá: {price}, hạn {limit}\nHết."},
    "gap": {"text": "Đầu\n\n{a}\n\n{b}\n\nCuối"},
    "unit_day_one": {"text": "{count} ngày"},
    "unit_day_other": {"text": "{count} ngày"},
    "label_item": {"text": "- {value}"},
    "menu": {"text": "Chọn.", "buttons": [{"title": "Hỏi", "payload": "/ask_procedure"}]},
    "button_fee": {"text": "Lệ phí"},
}
_EN: dict[str, dict[str, Any]] = {
    **_VI,
    "plain": {"text": "Hello."},
    "unit_day_one": {"text": "{count} day"},
    "unit_day_other": {"text": "{count} days"},
    "button_fee": {"text": "Fee"},
}
_TERMS = {"sở tư pháp": "Department of Justice"}


@pytest.fixture
def vi() -> Renderer:
    return Renderer("vi", _VI)


@pytest.fixture
def en() -> Renderer:
    return Renderer("en", _EN, _TERMS)


@pytest.mark.parametrize(
    ("value", "vietnamese", "english"),
    [
        ({"money": 50000, "currency": "VND"}, "50.000 đồng", "50,000 VND"),
        ({"money": 1234567890, "currency": "VND"}, "1.234.567.890 đồng", "1,234,567,890 VND"),
        ({"money": 500, "currency": "VND"}, "500 đồng", "500 VND"),
        ({"money": 12.5, "currency": "USD"}, "12,5 đô la Mỹ", "12.5 USD"),
        ({"money": 1200, "currency": ""}, "1.200", "1,200"),
        ({"money": 1200}, "1.200", "1,200"),
        ({"money": 5, "currency": "EUR"}, "5 EUR", "5 EUR"),
        ({"date": "2026-07-08"}, "8/7/2026", "8 July 2026"),
        ({"date": "2026-07-18T17:05"}, "18/7/2026, 17:05", "18 July 2026, 17:05"),
        ({"count": 1, "response": "unit_day"}, "1 ngày", "1 day"),
        ({"count": 1.0, "response": "unit_day"}, "1 ngày", "1 day"),
        ({"count": 2, "response": "unit_day"}, "2 ngày", "2 days"),
        ({"count": 0, "response": "unit_day"}, "0 ngày", "0 days"),
        ({"count": 0.5, "response": "unit_day"}, "0,5 ngày", "0.5 days"),
        ({"count": 1500, "response": "unit_day"}, "1.500 ngày", "1,500 days"),
        ({"response": "label_item", "value": {"response": "button_fee"}}, "- Lệ phí", "- Fee"),
        ({"official": "Sở Tư pháp"}, "Sở Tư pháp", "Department of Justice (Sở Tư pháp)"),
        ({"official": "SỞ  TƯ PHÁP"}, "SỞ  TƯ PHÁP", "Department of Justice (SỞ  TƯ PHÁP)"),
        ({"official": "Sở Lạ"}, "Sở Lạ", "Sở Lạ"),
        ({"vi": "một", "en": "one"}, "một", "one"),
        ({"vi": "chỉ tiếng Việt"}, "chỉ tiếng Việt", "chỉ tiếng Việt"),
        ({"en": "English only", "vi": ""}, "English only", "English only"),
        ([{"money": 1, "currency": "VND"}, "", None, "b"], "1 đồng\nb", "1 VND\nb"),
        (("a", ["b", "c"]), "a\nb\nc", "a\nb\nc"),
        (3.0, "3", "3"),
        (7, "7", "7"),
        (None, "", ""),
    ],
)
def test_a_value_is_written_for_its_language(
    vi: Renderer, en: Renderer, value: Any, vietnamese: str, english: str
) -> None:
    assert vi.value(value) == vietnamese
    assert en.value(value) == english


def test_a_line_without_any_value_is_left_out(vi: Renderer) -> None:
    assert vi.text("answer", {"name": "", "price": "", "limit": None}) == "Hết."


def test_a_line_with_one_of_its_values_stays(vi: Renderer) -> None:
    assert (
        vi.text("answer", {"name": "A", "price": "", "limit": "1/2/2026"})
        == "Tên: A\nGiá: , hạn 1/2/2026\nHết."
    )


def test_blank_lines_around_left_out_lines_do_not_pile_up(vi: Renderer) -> None:
    assert vi.text("gap", {"a": "", "b": []}) == "Đầu\n\nCuối"


def test_zero_is_a_value(vi: Renderer) -> None:
    assert vi.text("label_item", {"value": 0}) == "- 0"


def test_what_looks_like_a_place_in_a_value_stays_as_it_is(vi: Renderer) -> None:
    assert vi.text("label_item", {"value": "{name} {value}"}) == "- {name} {value}"


def test_an_unknown_response_is_an_error_with_its_name(vi: Renderer) -> None:
    with pytest.raises(UnknownResponse, match="no_such"):
        vi.text("no_such", {})
    with pytest.raises(UnknownResponse, match="no_such"):
        vi.text("label_item", {"value": {"response": "no_such"}})


def test_a_value_that_was_not_given_is_an_error_with_its_name(vi: Renderer) -> None:
    with pytest.raises(KeyError, match="price"):
        vi.text("answer", {"name": "A", "limit": "b"})


def test_buttons_are_the_responses_own_then_the_actions(vi: Renderer, en: Renderer) -> None:
    choices = [{"title": {"response": "button_fee"}, "payload": '/ask_fee{"procedure_code": "1.001193"}'}]
    made = vi.buttons("menu", {"choices": choices})
    assert [button["title"] for button in made] == ["Hỏi", "Lệ phí"]
    assert made[1]["payload"] == '/ask_fee{"procedure_code": "1.001193"}'
    assert en.buttons("menu", {"choices": choices})[1]["title"] == "Fee"
    assert vi.buttons("plain", {}) == []
