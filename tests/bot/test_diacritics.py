"""Vietnamese marks put back."""

from __future__ import annotations

import pytest

from bot.understanding.diacritics import Restorer, is_unaccented

TEXTS = [
    "làm giấy khai sinh cho con ở Hạ Long",
    "giấy khai sinh mất bao nhiêu tiền",
    "đăng ký kết hôn ở phường",
    "sinh con xong đăng ký khai sinh",
    "đường dây nóng của phường",
]


@pytest.fixture(scope="module")
def restorer() -> Restorer:
    return Restorer.train(TEXTS)


def test_neighbours_choose_the_marks(restorer: Restorer) -> None:
    assert restorer.restore("lam giay khai sinh o ha long") == "làm giấy khai sinh ở hạ long"
    assert restorer.restore("dang ky khai sinh") == "đăng ký khai sinh"


def test_case_punctuation_and_unknown_words_stay(restorer: Restorer) -> None:
    assert (
        restorer.restore("Giay Khai Sinh, H49.08-251105-0312 xyz!")
        == "Giấy Khai Sinh, H49.08-251105-0312 xyz!"
    )


def test_marks_that_are_there_stay(restorer: Restorer) -> None:
    assert restorer.restore("giay khái sinh") == "giấy khái sinh"


def test_survives_being_stored(restorer: Restorer) -> None:
    again = Restorer.from_dict(restorer.to_dict())
    assert again.restore("dang ky ket hon") == "đăng ký kết hôn"


@pytest.mark.parametrize(
    ("text", "bare"), [("lam giay khai sinh", True), ("làm giấy", False), ("ok", False), ("", False)]
)
def test_knows_what_needs_it(text: str, bare: bool) -> None:
    assert is_unaccented(text) is bare


def test_an_untrained_restorer_changes_nothing() -> None:
    assert Restorer().restore("lam giay khai sinh") == "lam giay khai sinh"
