"""Communes of today and former ones, with and without accents and kinds."""

from __future__ import annotations

import pytest

from bot.understanding.places import PlaceFinder

UNITS = ["phường Bãi Cháy", "xã Quảng La", "phường Cẩm Phả", "phường An Sinh", "xã Vinh", "thành phố Cẩm Phả"]


@pytest.fixture(scope="module")
def places() -> PlaceFinder:
    return PlaceFinder.of(UNITS)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("nộp ở phường Bãi Cháy", "phường Bãi Cháy"),
        ("phuong bai chay o dau", "phường Bãi Cháy"),
        ("em ở Bãi Cháy", "phường Bãi Cháy"),
        ("em o bai chay", "phường Bãi Cháy"),
        ("UBND p. Bãi Cháy", "phường Bãi Cháy"),
        ("Bai Chay ward office", "phường Bãi Cháy"),
        ("xã Quảng La giờ thuộc đâu", "xã Quảng La"),
        ("TP Cẩm Phả", "thành phố Cẩm Phả"),
        ("Cẩm Phả", "phường Cẩm Phả"),
        ("xã Vinh", "xã Vinh"),
    ],
)
def test_finds_a_unit(places: PlaceFinder, text: str, name: str) -> None:
    found = places.find(text)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "text", ["chính sách an sinh xã hội", "anh Vinh ơi", "làm khai sinh", "", "bãi cháy rừng"]
)
def test_words_that_are_no_place_stay_words(places: PlaceFinder, text: str) -> None:
    assert places.find(text) is None


def test_the_place_stands_where_it_is_written(places: PlaceFinder) -> None:
    text = "hỏi phường Bãi Cháy ạ"
    found = places.find(text)
    assert found is not None
    assert text[found.start : found.end] == "phường Bãi Cháy"
