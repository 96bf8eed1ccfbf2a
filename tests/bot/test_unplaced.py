"""The message as the finder reads it: without communes and provinces."""

from __future__ import annotations

import pytest

from bot.understanding.places import PlaceFinder
from bot.understanding.unplaced import without_places

PROVINCES = PlaceFinder.of(["Quảng Ninh", "Hải Dương", "Thái Bình"])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("where do i go in Quang Ninh", "where do i go in"),
        ("em ở trọ, hộ khẩu ở tỉnh Thái Bình thì làm ở đâu", "em ở trọ, hộ khẩu ở thì làm ở đâu"),
        ("chuyển từ Hải Dương về Quảng Ninh", "chuyển từ về"),
        ("in Quang Ninh province", "in"),
        ("đất thái bình thường", "đất thái bình thường"),
        ("Quảng Ninh", "Quảng Ninh"),
    ],
)
def test_provinces_are_taken_out_where_they_are_said_as_places(text: str, left: str) -> None:
    assert without_places(text, [], PROVINCES) == left


def test_communes_are_taken_out_with_what_is_said_of_their_age() -> None:
    text = "nhà ở phường Hồng Gai cũ nộp ở đâu"
    start = text.index("phường")
    assert without_places(text, [(start, start + len("phường Hồng Gai"))], PROVINCES) == "nhà ở nộp ở đâu"
