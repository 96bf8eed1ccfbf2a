"""The console speaks two languages with the same texts, and pages use texts that exist."""

from __future__ import annotations

import re
import string

import pytest

from console.permissions import Role
from console.texts import FOLDER, texts
from troly.settings import ROOT


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_files_and_the_same_keys() -> None:
    assert [path.name for path in sorted((FOLDER / "vi").iterdir())] == [
        path.name for path in sorted((FOLDER / "en").iterdir())
    ]
    assert texts("vi").keys() == texts("en").keys()


@pytest.mark.parametrize("key", sorted(texts("vi")))
def test_a_text_takes_the_same_values_in_both_languages_and_is_not_empty(key: str) -> None:
    vi, en = texts("vi")[key], texts("en")[key]
    assert fields(vi) == fields(en)
    assert vi.strip() and en.strip()


def test_every_key_that_a_page_or_an_error_names_exists() -> None:
    named: set[str] = set()
    for path in (ROOT / "console" / "templates").rglob("*.html"):
        named |= set(re.findall(r"\bt\('([\w.]+)'\s*[,)]", path.read_text("utf-8")))
    for path in (ROOT / "console").rglob("*.py"):
        source = path.read_text("utf-8")
        named |= set(
            re.findall(r"""(?:Invalid|Refused|Missing|TooOften|Forbidden)\(\s*"([\w.]+)\"""", source)
        )
        named |= set(re.findall(r'done="([\w.]+)"', source))
        actions = re.findall(r'act\(\s*console\.store,\s*\S+,\s*\S+,\s*"(\w+)"', source)
        actions += re.findall(r'\b_done\(\s*request,[^")]*"(\w+)"', source)
        named |= {f"audit.actions.{name}" for name in actions}
    assert len(named) > 100
    assert named - texts("vi").keys() == set()


def test_every_role_has_a_name() -> None:
    assert {f"staff.role_{role}" for role in Role} | {f"staff.about_{role}" for role in Role} <= texts(
        "en"
    ).keys()


def test_an_unquoted_yes_is_refused(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    from pathlib import Path

    from console import texts as module

    folder = Path(str(tmp_path)) / "vi"
    folder.mkdir()
    (folder / "area.yml").write_text("yes: 'Có'\n", "utf-8")
    monkeypatch.setattr(module, "FOLDER", folder.parent)
    texts.cache_clear()
    with pytest.raises(ValueError, match="quotes"):
        texts("vi")
    texts.cache_clear()
