"""The finder over the whole real catalogue, by words alone: what it must at least find."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.understanding import data
from bot.understanding.finder import Finder
from bot.understanding.normalize import Normalizer
from bot.understanding.route import Served
from portal import catalogue_file
from portal.adapters.national_record import procedure
from portal.adapters.values import province_key
from portal.errors import RecordError
from troly.clock import now
from troly.settings import ROOT

PROVINCE = province_key("Quảng Ninh")


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


@pytest.mark.shared
def test_the_finder_keeps_its_floor_without_an_encoder() -> None:
    file = ROOT.parent / "shared" / "data" / "portal_details.jsonl.gz"
    if not file.is_file():
        pytest.skip("the catalogue does not lie beside the project")
    from bot.components.finder_storage import make_finder

    root = ROOT / "nlu_data"
    finder: Finder = make_finder(root, _served(file, data.english_titles(root)), {})
    normalizer = Normalizer(*data.short_forms(root), str, data.hint_words(root, "en"))
    messages = yaml.safe_load(Path(__file__).with_name("finder_messages.yml").read_text(encoding="utf-8"))[
        "messages"
    ]
    first = among_five = 0
    for message in messages:
        text = normalizer.normalize(message["text"])
        codes = [one.code for one in finder.find(text, message.get("language", "vi")).procedures[:5]]
        first += bool(codes) and codes[0] in message["procedures"]
        among_five += bool(set(codes) & set(message["procedures"]))
    assert len(messages) >= 80
    assert first / len(messages) >= 0.72
    assert among_five / len(messages) >= 0.88
