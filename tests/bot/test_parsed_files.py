"""Large YAML files are kept parsed; what JSON would change, and what changed itself, is read anew."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from bot.understanding import parsed_files
from bot.understanding.errors import DataError
from bot.understanding.parsed_files import parse


@pytest.fixture
def kept(cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where parsed files are kept, however small they are."""
    monkeypatch.setattr(parsed_files, "_LARGE", 1)
    return cache_folder


def test_the_second_reading_parses_nothing(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "names.yml"
    file.write_text('- code: "1.001193"\n  vi: [khai sinh]\n  seldom: true\n', encoding="utf-8")
    first = parse(file)
    assert first == [{"code": "1.001193", "vi": ["khai sinh"], "seldom": True}]
    with monkeypatch.context() as watched:
        watched.setattr(yaml, "load", lambda *_: pytest.fail("parsed again"))
        assert parse(file) == first
    file.write_text("- code: other\n", encoding="utf-8")
    assert parse(file) == [{"code": "other"}]


@pytest.mark.parametrize(
    ("text", "content"), [("day: 2026-11-22\n", {"day": date(2026, 11, 22)}), ("1: one\n", {1: "one"})]
)
def test_what_json_would_change_is_not_kept(tmp_path: Path, kept: Path, text: str, content: object) -> None:
    file = tmp_path / "other.yml"
    file.write_text(text, encoding="utf-8")
    assert parse(file) == content
    assert parse(file) == content
    assert not list(kept.glob("*.npz"))


def test_a_mistake_names_the_file_and_the_place(tmp_path: Path, kept: Path) -> None:
    file = tmp_path / "broken.yml"
    file.write_text("a: [1\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"broken\.yml.*line 2"):
        parse(file)


def test_a_folder_that_cannot_be_written_costs_time_and_nothing_else(tmp_path: Path, kept: Path) -> None:
    kept.parent.mkdir()
    kept.write_text("a file where the folder should be", encoding="utf-8")
    file = tmp_path / "names.yml"
    file.write_text("a: b\n", encoding="utf-8")
    assert parse(file) == {"a": "b"}
