"""One clean, uniform text; codes untouched."""

from __future__ import annotations

import unicodedata

import pytest

from bot.understanding import data
from bot.understanding.normalize import MAX_CHARACTERS, Meaning, Normalizer
from troly.settings import ROOT


@pytest.fixture(scope="module")
def normalizer() -> Normalizer:
    from underthesea.pipeline.text_normalize.token_normalize import token_normalize

    root = ROOT / "nlu_data"
    return Normalizer(*data.short_forms(root), token_normalize, data.hint_words(root, "en"))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("lm gks cho bé ko mất tiền dc k ạ", "làm giấy khai sinh cho bé không mất tiền được không ạ"),
        ("hoà thuý", "hòa thúy"),
        ("  nhiều\u200b  khoảng\ttrắng ", "nhiều khoảng trắng"),
        (unicodedata.normalize("NFD", "đăng ký kết hôn"), "đăng ký kết hôn"),
        ("\u2060/start", "start"),
        ("được khôngggg ạ", "được không ạ"),
        ("mua xe xong lm j trc ạ", "mua xe xong làm gì trước ạ"),
    ],
)
def test_writes_what_is_meant(normalizer: Normalizer, written: str, meant: str) -> None:
    assert normalizer.normalize(written) == meant


@pytest.mark.parametrize(
    "kept",
    [
        "H49.08-251105-0312",
        "000.31.22.H49-240918-0015",
        "1.001193.000.00.00.H49",
        "https://dichvucong.gov.vn/p/home?a=k&b=ko",
        "nguyen.van.k@example.vn",
        "0912 345 678",
    ],
)
def test_codes_and_addresses_stay_letter_for_letter(normalizer: Normalizer, kept: str) -> None:
    assert kept in normalizer.normalize(f"hs {kept} xong chưa ạ")


@pytest.mark.parametrize(
    "english",
    [
        "can a k visa holder do so",
        "how much do I pay, is it an e form",
        "r u open now",
        "lost my trc on the bus",  # a card, and in Vietnamese short for "before"
    ],
)
def test_english_is_not_read_as_teencode(normalizer: Normalizer, english: str) -> None:
    assert normalizer.normalize(english) == english


def test_neighbours_decide_what_an_ambiguous_short_form_means() -> None:
    number = Meaning("nghìn", before=frozenset({"<number>"}))
    made = Normalizer(ambiguous={"k": [number, Meaning("không")]})
    assert made.normalize("mất 50 k à") == "mất 50 nghìn à"
    assert made.normalize("mất tiền k à") == "mất tiền không à"


def test_an_endless_message_is_cut(normalizer: Normalizer) -> None:
    assert len(normalizer.normalize("a b c " * 5_000)) <= MAX_CHARACTERS


@pytest.mark.parametrize("nothing", ["", "   ", "\u200b\ufeff", "\ud800", "///"])
def test_nothing_stays_nothing(normalizer: Normalizer, nothing: str) -> None:
    assert normalizer.normalize(nothing) == ""
