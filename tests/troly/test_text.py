"""Texts are compared in one form, and what citizens send holds nothing invisible."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troly.text import _CONTROL, clean, fold, squeeze, strip_accents


@pytest.mark.parametrize(
    ("written", "bare"),
    [
        ("Đăng ký kết hôn", "Dang ky ket hon"),
        ("đường", "duong"),
        ("ƯỚC MƠ", "UOC MO"),
        (unicodedata.normalize("NFD", "Hộ chiếu"), "Ho chieu"),
        ("Ðà Nẵng", "Da Nang"),  # the Icelandic letter that old fonts wrote for Đ
        ("パスポート 護照 여권", "パスポート 護照 여권"),
        ("plain ASCII 1.001193", "plain ASCII 1.001193"),
    ],
)
def test_vietnamese_marks_are_removed_and_nothing_else(written: str, bare: str) -> None:
    assert strip_accents(written) == bare


def test_folded_texts_agree_however_they_were_typed() -> None:
    composed = "Giấy  Khai\tSinh\n"
    assert fold(composed) == fold(unicodedata.normalize("NFD", composed)) == "giay khai sinh"


def test_white_space_of_any_kind_becomes_one_space() -> None:
    assert squeeze("  a\u00a0\u3000b\r\n\tc ") == "a b c"


@pytest.mark.parametrize(
    "hidden",
    ["\u200b", "\u202e", "\u2066", "\ufeff", "\x00", "\x1b", "\u2060", "\ud83d"],
    ids=[
        "zero width",
        "override",
        "isolate",
        "byte order mark",
        "null",
        "escape",
        "word joiner",
        "lone surrogate",
    ],
)
def test_invisible_characters_are_removed(hidden: str) -> None:
    assert clean(f"khai{hidden} sinh") == "khai sinh"
    assert clean(hidden) == ""


def test_lines_tabs_and_emoji_stay() -> None:
    assert clean(" dòng một\n\tdòng hai 👶 ") == "dòng một\n\tdòng hai 👶"


def test_cleaned_text_is_composed() -> None:
    assert clean(unicodedata.normalize("NFD", "hộ chiếu")) == "hộ chiếu"


@given(st.text())
def test_cleaning_and_folding_again_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert fold(fold(text)) == fold(text)


def test_the_quick_ways_say_the_same_of_every_character() -> None:
    for number in range(sys.maxunicode + 1):
        sign = chr(number)
        assert squeeze(f"a{sign}{sign}b{sign}") == re.sub(r"\s+", " ", f"a{sign}{sign}b{sign}").strip()
        assert not (_CONTROL.search(sign) and sign.isprintable())


def all_at_once(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", re.sub("[đð]", "d", re.sub("[ĐÐ]", "D", text)))
    return unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", decomposed))


@given(st.text(st.sampled_from("aeo đĐự ựợ\u0301\u0323\u1100\u1161がか\u3099\n\t\u00a0—é"), max_size=60))
def test_marks_are_removed_word_by_word_as_from_the_whole(text: str) -> None:
    assert strip_accents(text) == all_at_once(text)


def test_a_long_word_and_a_long_text_lose_their_marks_too() -> None:
    assert strip_accents("ế" * 100) == "e" * 100
    assert strip_accents("Đường số một " * 500) == "Duong so mot " * 500


@pytest.mark.parametrize("text", ["một\nhai\u200b", "a\n\x07b", "\ufeffmột\nhai", "một\u202e\n\thai"])
def test_invisible_characters_are_removed_between_lines_too(text: str) -> None:
    assert clean(text) == re.sub(_CONTROL, "", text).strip()
    assert clean(text) != text


@given(st.text(st.characters(max_codepoint=127)))
def test_plain_letters_have_no_marks(text: str) -> None:
    assert strip_accents(text) == text == unicodedata.normalize("NFD", text)
