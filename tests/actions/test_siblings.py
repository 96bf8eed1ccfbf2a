"""Groups of procedures that citizens confuse."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from actions import siblings


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three groups: a pair, the same pair with a third, and another pair."""
    groups = [
        {
            "id": name,
            "question": {"vi": f"Hỏi {name}?", "en": f"Ask {name}?"},
            "options": [{"code": code, "vi": code, "en": code} for code in codes],
        }
        for name, codes in (
            ("wide", ("1.1", "1.2", "1.3")),
            ("pair", ("1.1", "1.2")),
            ("other", ("2.1", "2.2")),
        )
    ]
    path = tmp_path / "siblings.yml"
    path.write_text(yaml.safe_dump(groups, allow_unicode=True), encoding="utf-8")
    read = siblings.groups(path)
    monkeypatch.setattr(siblings, "groups", lambda: read)


def test_the_data_file_is_read() -> None:
    assert len(siblings.groups()) > 20
    assert len({group.name for group in siblings.groups()}) == len(siblings.groups())


def test_a_group_has_two_to_five_different_codes_and_a_question_in_both_languages() -> None:
    for group in siblings.groups():
        assert 2 <= len(group.options) <= 5, group.name
        assert len(group.codes) == len(group.options), group.name
        assert all(re.fullmatch(r"\d\.\d{6}", code) for code in group.codes), group.name
        for text in (group.question, *(option.title for option in group.options)):
            assert set(text) == {"vi", "en"} and all(text.values()), group.name
        for language in ("vi", "en"):
            titles = {option.title[language] for option in group.options}
            assert len(titles) == len(group.options), group.name


def test_a_missing_file_means_no_groups(tmp_path: Path) -> None:
    assert siblings.groups(tmp_path / "none.yml") == ()


@pytest.mark.usefixtures("small")
def test_the_smallest_group_that_fits_best_is_asked() -> None:
    found = {
        (first, others): group.name if (group := siblings.group_for(first, others)) else None
        for first, others in (
            ("1.1", ("1.2",)),
            ("1.1", ("1.2", "1.3")),
            ("1.3", ("1.1",)),
            ("2.1", ("1.1", "2.2")),
            ("1.1", ("2.1",)),
            ("1.1", ("1.1",)),
            ("1.1", ()),
            ("9.9", ("1.1",)),
        )
    }
    assert list(found.values()) == ["pair", "wide", "wide", "other", None, None, None, None]


@pytest.mark.usefixtures("small")
def test_siblings_share_a_group() -> None:
    assert siblings.are_siblings("1.1", "1.3")
    assert siblings.are_siblings("2.2", "2.1")
    assert not siblings.are_siblings("1.1", "2.1")
    assert not siblings.are_siblings("9.9", "9.8")
