"""Which words of a text are names and greetings: as if each run of words were looked up, longest first."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.understanding.borrowed import Borrowed
from troly.text import fold

WORDS = st.lists(st.sampled_from(["Sổ", "đỏ", "hồng", "căn", "cước", "Chào", "anh", "fee"]), max_size=8)
PHRASES = st.lists(st.lists(st.sampled_from(["sổ", "đỏ", "căn", "cước", "chào"]), min_size=1, max_size=6))


def looked_up(words: list[str], phrases: set[tuple[str, ...]]) -> list[str]:
    kept, at = [], 0
    while at < len(words):
        runs = (tuple(map(fold, words[at : at + size])) for size in range(5, 0, -1))
        size = next((len(run) for run in runs if run in phrases), 0)
        kept += [] if size else [words[at]]
        at += size or 1
    return kept


@settings(max_examples=300, deadline=None)
@given(WORDS, PHRASES, PHRASES)
def test_the_longest_phrase_that_begins_at_a_word_is_taken_out(
    words: list[str], names: list[list[str]], greetings: list[list[str]]
) -> None:
    borrowed = Borrowed.of(map(" ".join, names), map(" ".join, greetings), ())
    text = " ".join(words).lower()
    folded = {tuple(map(fold, phrase)) for phrase in names}
    assert borrowed.only_names(text) is (bool(words) and not looked_up(words, folded))
    kept = looked_up(words, folded | {tuple(map(fold, phrase)) for phrase in greetings})
    expected = [word.lower() for word in kept] if 0 < len(kept) < len(words) else None
    assert borrowed.rest(text) == expected


def test_what_is_stored_is_read_again() -> None:
    borrowed = Borrowed.of(["Sổ đỏ", "căn cước"], ["Xin chào"], ["check"])
    assert Borrowed.from_dict(borrowed.to_dict()) == borrowed
