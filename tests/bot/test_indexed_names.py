"""Thousands of names are indexed once: what comes back from disk searches as what was made."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from bot.understanding import indexed_names
from bot.understanding.analysis import Analyzer
from bot.understanding.indexed_names import IndexedNames, indexed
from bot.understanding.signs import SignAnalyzer

NAMES = {
    "vi": ["Đăng ký khai sinh", "Cấp lại thẻ căn cước do bị mất", "Gia hạn giấy phép lao động", "Tên"],
    "en": ["Birth registration", "Lost identity card", "Extend a work permit", "Name"],
    "other": ["给新生儿办出生证明", "补办身份证", "身份证过期", "출생신고"],
}
VARIANTS = {"lost": frozenset({("mat",), ("lost",)}), "foreign": frozenset({("nuoc", "ngoai")})}


@pytest.fixture
def kept(cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where indexes are kept, however few the names are."""
    monkeypatch.setattr(indexed_names, "_MANY", 1)
    return cache_folder


def analyzer(language: str) -> Analyzer:
    if language == "other":
        return SignAnalyzer(variants=VARIANTS)
    return Analyzer("en" if language == "en" else "vi", variants=VARIANTS)


def answers(language: str, made: IndexedNames, query: str) -> list[list[float]]:
    asked = analyzer(language).query(query)
    found = []
    for index in (made.index, made.accented):
        if index is not None:
            match = index.match(asked if index is made.index else asked.with_marks())
            found += [match.asked, match.named, match.pairs, match.spelled]
            found.append(index.covered(asked, np.arange(index.size, dtype=np.int32), index.size))
            found.append([index.matched(asked, row) for row in range(index.size)])
    return [list(map(float, scores)) for scores in found]


@pytest.mark.parametrize(
    ("language", "query"),
    [("vi", "mất thẻ căn cước"), ("en", "lost my identity card"), ("other", "身份证丢了"), ("vi", "xyz")],
)
def test_an_index_from_disk_answers_as_the_one_that_was_made(
    kept: Path, monkeypatch: pytest.MonkeyPatch, language: str, query: str
) -> None:
    first = indexed(language, analyzer(language), NAMES[language])
    assert list(kept.glob(f"names-{language}-*.npz"))
    monkeypatch.setattr(indexed_names, "_arrays", lambda *_: pytest.fail("made again"))
    second = indexed(language, analyzer(language), NAMES[language])
    assert answers(language, second, query) == answers(language, first, query)
    assert (second.variants == first.variants).all()
    assert second.groups == first.groups == (("lost", "foreign") if language == "vi" else ("lost",))
    if query != "xyz":
        assert max(answers(language, second, query)[0]) > 0


def test_other_names_other_variants_and_other_weights_are_indexed_anew(kept: Path) -> None:
    indexed("vi", analyzer("vi"), NAMES["vi"])
    indexed("vi", analyzer("vi"), [*NAMES["vi"], "Thêm"])
    indexed("vi", Analyzer("vi"), NAMES["vi"])
    weighed = Analyzer("vi", carriers={"ten": [(("ten",), 0.03)]}, variants=VARIANTS)
    assert indexed("vi", weighed, NAMES["vi"]).index.match(weighed.query("tên")).named[3] > 0
    assert len(list(kept.glob("names-vi-*.npz"))) == 4


def test_few_names_leave_no_file(tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexed_names, "_MANY", 2000)
    assert indexed("vi", analyzer("vi"), NAMES["vi"]).index.size == 4
    assert not kept.exists()


def test_a_folder_that_cannot_be_written_costs_time_and_nothing_else(kept: Path) -> None:
    kept.parent.mkdir()
    kept.write_text("a file where the folder should be", encoding="utf-8")
    assert indexed("vi", analyzer("vi"), NAMES["vi"]).index.size == 4


def test_a_file_that_was_cut_off_is_made_again(kept: Path) -> None:
    indexed("vi", analyzer("vi"), NAMES["vi"])
    (file,) = kept.glob("names-vi-*.npz")
    os.truncate(file, 100)
    assert "sinh" in indexed("vi", analyzer("vi"), NAMES["vi"]).index
    assert file.stat().st_size > 100
