"""Messages that name what they want in the other language."""

from __future__ import annotations

import pytest

from bot.understanding.mixed import Mixed
from bot.understanding.spelling import Speller

CITIZENS = {
    "1": {
        "vi": ["xóa hộ khẩu", "cắt hộ khẩu", "xóa tên hộ khẩu ở nhà", "can be"],
        "en": ["leave the ho khau"],
    },
    "2": {"vi": ["gia hạn giấy phép lao động"], "en": ["extend my work permit", "a permit can be extended"]},
}
MIXED = Mixed.of(CITIZENS, Speller.train(["extend", "permit", "work", "household"]), around={"ten"})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("xoa giay for my son", True),
        ("xoa ten for my son", False),
        ("giay phep is lost", True),
        ("only giay here", False),
        ("can be the permit", False),
        ("", False),
    ],
)
def test_vietnamese_in_an_english_message_is_seen(text: str, found: bool) -> None:
    assert MIXED.has_vietnamese(text) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [("gia hạn work permit", True), ("gia hạn permit", False), ("gia hạn giấy phép", False)],
)
def test_english_in_a_vietnamese_message_is_seen(text: str, found: bool) -> None:
    assert MIXED.has_english(text) is found


def test_without_names_nothing_is_mixed() -> None:
    nothing = Mixed.of({}, None)
    assert not nothing.has_english("gia hạn work permit")
    assert not nothing.has_vietnamese("xoa ten for my son")
