"""Mistakes in guides and life events are named with their file, all at once."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from bot.data_check import check
from troly.settings import ROOT

GUIDE = "actions/data/guides/one.yml"
EVENT = "actions/data/life_events/one.yml"


def own(folder: str, name: str) -> dict[str, Any]:
    path = ROOT / "actions" / "data" / folder / f"{name}.yml"
    made: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return made


@pytest.fixture
def guide() -> dict[str, Any]:
    return own("guides", "vneid-level-2")


@pytest.fixture
def event() -> dict[str, Any]:
    return own("life_events", "new-baby")


def problems(tree: Any, name: str, content: Any) -> list[str]:
    tree.write(name, content)
    found = [str(problem) for problem in check(tree.project)]
    assert all(problem.startswith(f"{name}: ") for problem in found)
    return [problem.removeprefix(f"{name}: ") for problem in found]


def test_the_projects_own_files_are_clean(tree: Any, guide: Any, event: Any) -> None:
    assert problems(tree, GUIDE, guide) == []
    assert problems(tree, EVENT, event) == []


def test_all_mistakes_of_a_guide_are_named(tree: Any, guide: Any) -> None:
    guide["titel"] = guide.pop("title")
    guide["names"] = ["một", "MOT", "hai", "ba"]
    guide["steps"][1].pop("en")
    guide["steps"][0]["stuck"]["vi"] = " "
    guide["source"] |= {"as_of": "22/11/2026", "url": "http://x"}
    found = "\n".join(problems(tree, GUIDE, guide))
    for part in ("unknown key titel", "title: needs vi and en", "also stands in one.yml", "step 2, en",
                 "step 1, stuck, vi", "as_of is the day", "url must begin with https"):  # fmt: skip
        assert part in found, found


def test_a_guide_of_one_step_is_none(tree: Any, guide: Any) -> None:
    guide["steps"] = guide["steps"][:1]
    assert problems(tree, GUIDE, guide) == ["steps: a list of 2 to 12"]


def test_all_mistakes_of_a_life_event_are_named(tree: Any, event: Any) -> None:
    event["questions"][0]["options"][0]["id"] = True
    event["questions"][1]["only"] = {"later": ["x"]}
    event["procedures"][0]["code"] = "2.1"
    event["procedures"][1]["when"] = [{"parents": ["nobody"]}]
    event["procedures"][2]["titel"] = "x"
    found = "\n".join(problems(tree, EVENT, event))
    for part in ("an option needs an id of its own", "question 2, only: no question", "not a procedure code",
                 'parents has no option "[\'nobody\']"', "procedure 3: unknown key titel"):  # fmt: skip
        assert part in found, found


def test_an_event_without_questions_or_procedures_is_none(tree: Any, event: Any) -> None:
    broken = copy.deepcopy(event)
    broken["questions"], broken["procedures"] = [], "x"
    found = problems(tree, EVENT, broken)
    assert "0 questions; ask 1 to 4" in found
    assert "procedures: must be a list" in found


def test_all_mistakes_in_the_categories_of_reports_are_named(tree: Any) -> None:
    categories = [
        {"id": "road", "name": {"vi": "x"}, "words": ["Đường"]},
        {"id": "road", "name": {"vi": "x", "en": "y"}, "words": ["duong", "duong"]},
        {"id": 7, "name": {"vi": "x", "en": "y"}, "words": []},
    ]
    found = " | ".join(problems(tree, "actions/data/report_categories.yml", categories))
    for expected in (
        "road, name, en",
        "without marks",
        "is also in road",
        "road: twice",
        "entry 3",
        '"other"',
    ):
        assert expected in found, expected
