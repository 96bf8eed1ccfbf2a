"""The finder over the whole real catalogue, by words alone: what it must at least find."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.understanding import data
from bot.understanding.finder import Finder
from bot.understanding.finding import Finding
from bot.understanding.normalize import Normalizer
from bot.understanding.route import Served
from portal import catalogue_file
from portal.adapters.national_record import procedure
from portal.adapters.values import province_key
from portal.errors import RecordError
from troly.clock import now
from troly.settings import ROOT

PROVINCE = province_key("Quảng Ninh")
Find = Callable[[str, str], Finding]


def _served(file: Path, titles: dict[str, str]) -> list[Served]:
    found = {}
    for _, raw in catalogue_file.records(file):
        if isinstance(raw, ValueError):
            continue
        try:
            item = procedure(raw, now())
        except RecordError:
            continue
        if not item.province or province_key(item.province) == PROVINCE:
            found[item.code] = Served(item.code, item.name, titles.get(item.code), tuple(item.levels))
    return list(found.values())


@pytest.fixture(scope="module")
def find() -> Find:
    """The finder's answer to a message, over the catalogue that lies beside the project."""
    file = ROOT.parent / "shared" / "data" / "portal_details.jsonl.gz"
    if not file.is_file():
        pytest.skip("the catalogue does not lie beside the project")
    from bot.components.finder_storage import make_finder

    root = ROOT / "nlu_data"
    finder: Finder = make_finder(root, _served(file, data.english_titles(root)), {})
    normalizer = Normalizer(*data.short_forms(root), str, data.hint_words(root, "en"))
    return lambda text, language: finder.find(normalizer.normalize(text), language)


def _read(name: str) -> list[dict[str, Any]]:
    content = yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    messages: list[dict[str, Any]] = next(iter(content.values()))
    return messages


@pytest.mark.shared
@pytest.mark.parametrize(
    ("language", "first", "among_five", "least"), [("vi", 0.75, 0.90, 60), ("en", 0.82, 0.95, 80)]
)
def test_the_finder_keeps_its_floor_without_an_encoder(
    find: Find, language: str, first: float, among_five: float, least: int
) -> None:
    messages = [*_read("finder_messages.yml"), *_read("finder_messages_en.yml")]
    messages = [message for message in messages if message.get("language", "vi") == language]
    found = [[one.code for one in find(m["text"], language).procedures[:5]] for m in messages]
    right = [set(message["procedures"]) for message in messages]
    assert len(messages) >= least
    assert sum(
        codes[:1] != [] and codes[0] in ok for codes, ok in zip(found, right, strict=True)
    ) >= first * len(messages)
    assert sum(bool(ok & set(codes)) for codes, ok in zip(found, right, strict=True)) >= among_five * len(
        messages
    )


@pytest.mark.shared
@pytest.mark.parametrize("failure", _read("known_failures.yml"), ids=lambda failure: failure["text"])
def test_a_known_failure_still_fails(find: Find, failure: dict[str, Any]) -> None:
    found = find(failure["text"], "vi").procedures[0].code
    assert found not in failure["procedures"], "mended: take it off known_failures.yml"
    assert found == failure["first"], "fails otherwise than known_failures.yml says"
