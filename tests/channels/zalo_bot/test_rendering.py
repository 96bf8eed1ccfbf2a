"""A reply as texts within the platform's limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.base import Reply
from channels.splitting import split, units
from channels.zalo_bot.rendering import TEXT_LIMIT, render


def texts(parts: list[dict[str, Any]]) -> list[str]:
    """The texts of the calls."""
    return [part["text"] for part in parts if part["method"] == "sendMessage"]


def test_a_plain_reply_is_one_message(reply: Callable[..., Reply]) -> None:
    assert render(reply("Phí: <b>0</b> đồng & miễn")) == [
        {"method": "sendMessage", "text": "Phí: <b>0</b> đồng & miễn"}
    ]


def test_options_are_numbered_and_one_line_says_how_to_choose(reply: Callable[..., Reply]) -> None:
    (text,) = texts(render(reply("Chọn:", buttons=["Lệ phí", "Giấy\n tờ"])))
    assert text == "Chọn:\n\n1. Lệ phí\n2. Giấy tờ\nAnh/Chị gửi số (1–2) để chọn."
    (text,) = texts(render(reply("Choose:", "en", buttons=["Fee", "Papers"])))
    assert text.endswith("1. Fee\n2. Papers\nSend a number (1–2) to choose.")


def test_a_single_option_is_not_offered_as_a_range(reply: Callable[..., Reply]) -> None:
    (text,) = texts(render(reply(buttons=["Gặp cán bộ"])))
    assert text.endswith("1. Gặp cán bộ\nAnh/Chị gửi số 1 để chọn.")


def test_links_are_lines_unless_the_text_names_them(reply: Callable[..., Reply]) -> None:
    (text,) = texts(render(reply("A", links=["https://a.vn/1", "https://a.vn/2"])))
    assert text == "A\n\nNguồn: https://a.vn/1\nNguồn: https://a.vn/2"
    (text,) = texts(render(reply("Xem https://a.vn/1", links=["https://a.vn/1"])))
    assert text == "Xem https://a.vn/1"


def test_a_photo_comes_after_the_text_that_must_arrive(reply: Callable[..., Reply]) -> None:
    assert render(reply("A", image="https://a.vn/1.png")) == [
        {"method": "sendMessage", "text": "A"},
        {"method": "sendPhoto", "photo": "https://a.vn/1.png"},
    ]


def test_our_own_picture_has_an_address_only_with_a_public_url(reply: Callable[..., Reply]) -> None:
    ours = reply("A", image="/static/map.png")
    assert [part["method"] for part in render(ours)] == ["sendMessage"]
    assert render(ours, "https://troly.example.vn/")[1]["photo"] == "https://troly.example.vn/static/map.png"


def test_an_empty_reply_still_is_a_message(reply: Callable[..., Reply]) -> None:
    assert texts(render(reply("  "))) == ["…"]


def test_a_long_reply_is_cut_between_paragraphs_and_keeps_its_options_together(
    reply: Callable[..., Reply],
) -> None:
    paragraphs = [f"Đoạn {number}. " + "chữ " * 150 for number in range(9)]
    pieces = texts(render(reply("\n\n".join(paragraphs), buttons=["Một", "Hai"])))
    assert all(units(piece) <= TEXT_LIMIT for piece in pieces)
    assert all(piece.startswith("Đoạn ") for piece in pieces)
    assert pieces[-1].endswith("1. Một\n2. Hai\nAnh/Chị gửi số (1–2) để chọn.")
    assert len(pieces) == 3


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("a b c", 5, ["a b c"]),
        ("aaa\n\nbbb", 5, ["aaa", "bbb"]),
        ("aa\n\nbb\n\ncc", 6, ["aa\n\nbb", "cc"]),
        ("aa\nbb\ncc", 5, ["aa\nbb", "cc"]),
        ("Một. Hai. Ba.", 9, ["Một. Hai.", "Ba."]),
        ("aa bb cc", 5, ["aa bb", "cc"]),
        ("aaaaaaa", 3, ["aaa", "aaa", "a"]),
        ("😀😀😀", 4, ["😀😀", "😀"]),
        ("", 5, []),
        (" \n ", 5, []),
    ],
)
def test_the_best_place_to_cut_comes_first(text: str, limit: int, pieces: list[str]) -> None:
    assert split(text, limit) == pieces


@given(st.text(st.sampled_from("ab ế.\n😀"), max_size=200), st.integers(2, 40))
def test_nothing_but_white_space_is_lost(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert all(0 < units(piece) <= limit and piece == piece.strip() for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())
