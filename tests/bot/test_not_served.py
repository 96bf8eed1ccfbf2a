"""Procedures that citizens have names for and the catalogue has not: never answered with another one."""

from __future__ import annotations

import pytest

from bot.components.finder_storage import make_finder
from bot.understanding.finder import Finder, names_to_encode
from bot.understanding.finding import Candidate, Decision, only_served
from bot.understanding.route import Served, not_served
from troly.settings import ROOT

SERVED = [
    Served("3.000347", "Đổi giấy phép lái xe", "Exchange of a driving licence", ("province",)),
    Served("1.014199", "Cấp giấy phép lao động đối với người lao động nước ngoài", "Work permit: issue"),
    Served("1.001193", "Đăng ký khai sinh", "Birth registration", ("commune",)),
]
CITIZENS = {
    "1.001193": {"vi": ["làm giấy khai sinh"], "en": ["birth certificate"]},
    "1.001029": {"vi": ["giấy phép karaoke", "mở quán karaoke"], "en": ["karaoke permit"], "zh": ["卡拉OK"]},
    "1.002693": {"vi": ["xin chặt cây", "giấy phép chặt cây"], "en": ["cut down a tree"]},
}
FOUND = [Candidate("a", "A", 1.0), Candidate("b", "B", 0.9), Candidate("c", "C", 0.5)]


@pytest.fixture(scope="module")
def finder() -> Finder:
    return make_finder(ROOT / "nlu_data", SERVED, {}, {code: dict(names) for code, names in CITIZENS.items()})


@pytest.mark.parametrize(
    ("text", "language"),
    [("giấy phép karaoke", "vi"), ("xin chặt cây", "vi"), ("cut down a tree", "en"), ("卡拉OK", "zh")],
)
def test_what_only_citizens_know_is_not_found(finder: Finder, text: str, language: str) -> None:
    found = finder.find(text, language)
    assert (found.decision, found.procedures) == ("not_found", ())
    assert found.evidence is not None and found.evidence.named > 0.9


def test_what_is_served_is_found_as_before(finder: Finder) -> None:
    found = finder.find("làm giấy khai sinh", "vi")
    assert (found.decision, found.procedures[0].code) == ("answer", "1.001193")
    assert {one.code for one in found.procedures} <= {item.code for item in SERVED}


def test_one_that_is_not_served_is_not_known_by_its_code(finder: Finder) -> None:
    assert finder.by_code("1.001029") is None


def test_its_names_are_known_to_the_encoder() -> None:
    assert not_served(CITIZENS, SERVED) == [Served("1.001029", ""), Served("1.002693", "")]
    texts = names_to_encode(SERVED, CITIZENS)
    assert {"giấy phép karaoke", "卡拉OK", "Đăng ký khai sinh"} <= set(texts)
    assert "" not in texts


@pytest.mark.parametrize(
    ("decision", "served", "siblings", "left", "then"),
    [
        ("answer", "abc", "", "abc", "answer"),
        ("choose", "ac", "", "ac", "choose"),  # b is no choice
        ("answer", "bc", "", "", "not_found"),
        ("answer", "bc", "c", "c", "choose"),  # the other variant may do
        ("choose", "bc", "", "b", "choose"),  # nearly as good
        ("choose", "c", "", "", "not_found"),
        ("none", "bc", "", "bc", "none"),
        ("not_found", "bc", "", "bc", "not_found"),
    ],
)
def test_what_is_left_of_the_candidates(
    decision: Decision, served: str, siblings: str, left: str, then: Decision
) -> None:
    offered, decided = only_served(FOUND, decision, set(served), {"a": set(siblings)})
    assert ("".join(one.code for one in offered), decided) == (left, then)


def test_nothing_is_made_of_nothing() -> None:
    assert only_served([], "none", {"a"}, {}) == ([], "none")
