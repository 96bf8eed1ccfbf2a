"""Texts of a record are read as their regular expressions would read them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.adapters import national_fees
from portal.adapters.national_fees import says_free
from portal.adapters.values import lines
from troly.text import clean, fold

WRITTEN = st.text(st.sampled_from("ab đ \n\r\t\u00a0\u2028\u200b."), max_size=40)


def by_pattern(value: str) -> str:
    unified = clean(value.replace("\r\n", "\n").replace("\r", "\n"))
    return re.sub(r"\s*\n\s*", "\n", re.sub("[ \t\u00a0]{2,}|[\t\u00a0]", " ", unified))


@given(WRITTEN)
def test_lines_are_kept_without_empty_ones_and_gaps(value: str) -> None:
    assert lines(value) == by_pattern(value)


def test_what_is_no_text_has_no_lines() -> None:
    assert [lines(value) for value in (None, 7, ["a"], "")] == [""] * 4


BEGINNINGS = ["", "- ", "* Phí: ", "-" * 280, "." * 400, "( - : Lệ phí: " * 30]
NOTES = [
    "Miễn phí",
    "Không",
    "không thu",
    "0 đồng",
    "0",
    "Theo quy định",
    "Phí 25.000đ",
    "Miễn lệ phí cho trẻ",
]
ENDS = [
    "",
    ".",
    "." * 400,
    " theo Thông tư số 1" * 60,
    " đối với người cao tuổi" * 40,
    " nộp 5.000 đồng" * 40,
]


@pytest.mark.parametrize("begin", BEGINNINGS)
@pytest.mark.parametrize("note", NOTES)
def test_a_long_note_says_free_as_if_all_of_it_were_read(
    begin: str, note: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for end in ENDS:
        written = begin + note + end
        found = [says_free(written, charged=charged) for charged in (False, True)]
        monkeypatch.setattr(national_fees, "_HEAD", 10**6)
        assert found == [says_free(written, charged=charged) for charged in (False, True)]
        monkeypatch.undo()


def test_of_a_long_note_that_begins_otherwise_the_rest_is_not_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def counted(text: str) -> str:
        seen.append(len(text))
        return fold(text)

    monkeypatch.setattr(national_fees, "fold", counted)
    assert says_free("Theo quy định của Hội đồng nhân dân. " * 300) is False
    assert sum(seen) <= 300
