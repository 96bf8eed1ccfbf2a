"""Long texts are cut where a reader would cut them, and nothing is lost."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from channels.splitting import split, units

WORDS = st.text(alphabet="aăđ .,!?\n😀–", max_size=400)


@settings(deadline=None)
@given(WORDS, st.integers(2, 60))
def test_no_piece_is_longer_than_the_limit_and_only_white_space_is_lost(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert all(piece.strip() and units(piece) <= limit for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_an_emoji_counts_twice_as_telegram_counts_it() -> None:
    assert units("đ😀") == len("đ😀".encode("utf-16-le")) // 2 == 3


def test_paragraphs_are_kept_whole_before_sentences_and_sentences_before_words() -> None:
    assert split("Một hai.\n\nBa bốn năm.", 12) == ["Một hai.", "Ba bốn năm."]
    assert split("Một hai. Ba bốn năm sáu.", 17) == ["Một hai.", "Ba bốn năm sáu."]
    assert split("một hai ba bốn", 9) == ["một hai", "ba bốn"]


def test_a_word_longer_than_the_limit_is_cut_but_no_emoji_is() -> None:
    assert split("aaaaa", 2) == ["aa", "aa", "a"]
    assert split("a😀😀", 2) == ["a", "😀", "😀"]


def test_an_empty_text_has_no_pieces() -> None:
    assert split(" \n ", 10) == []
