"""What a candidate changes, told in figures and words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bot.evaluate import write
from bot.labelled import Record
from bot.measures import Outcome, groups
from bot.story_check import Played, fault
from bot.training_result import result, verdict


def outcome(number: int, said: str, file: str = "living.jsonl", wanted: str = "ask_fee") -> Outcome:
    record = Record(file, f"held_out:{number}", f"câu số {number} của 0912345678", "vi", "living", (wanted,))
    parsed = {"intent": {"name": said, "confidence": 0.9}, "language": "vi", "procedures": []}
    return Outcome(record, parsed, 1.0)


def compared(tmp_path: Path, before: list[Outcome], after: list[Outcome], **named: Any) -> dict[str, Any]:
    for name, outcomes in (("current", before), ("candidate", after)):
        write(tmp_path / name, list(groups(outcomes)), outcomes, [], {})
    stories = named.get("stories"), named.get("known", [])
    found = result(tmp_path / "current", tmp_path / "candidate", *stories)
    again: dict[str, Any] = json.loads(json.dumps(found))
    assert again == found, "it is stored as JSON"
    return found


def test_a_candidate_that_mends_much_is_better_and_one_that_breaks_much_is_worse(tmp_path: Path) -> None:
    bad = [outcome(n, "ask_form" if n < 10 else "ask_fee") for n in range(30)]
    good = [outcome(n, "ask_fee") for n in range(30)]
    found = compared(tmp_path, bad, good)
    (part,) = found["sets"]
    assert found["verdict"] == "better" and part["name"] == "living" and part["n"] == 30
    understood = part["figures"][0]
    assert (understood["current"]["right"], understood["candidate"]["right"]) == (20, 30)
    assert (understood["gained"], understood["lost"], understood["verdict"]) == (10, 0, "better")
    assert 0.6 < understood["current"]["high"] < 0.82, "the Wilson interval"
    assert compared(tmp_path, good, bad)["verdict"] == "worse"


def test_a_difference_that_may_be_chance_is_none(tmp_path: Path) -> None:
    before = [outcome(n, "ask_form" if n == 0 else "ask_fee") for n in range(30)]
    found = compared(tmp_path, before, [outcome(n, "ask_fee") for n in range(30)])
    assert found["verdict"] == "same" and found["sets"][0]["counts"] == {"mended": 1, "broken": 0}


def test_worse_in_one_set_is_worse_however_good_the_other(tmp_path: Path) -> None:
    def both(living: str, project: str) -> list[Outcome]:
        return [outcome(n, living) for n in range(20)] + [outcome(n, project, "nlu") for n in range(20)]

    found = compared(tmp_path, both("ask_form", "ask_fee"), both("ask_fee", "ask_form"))
    assert [one["name"] for one in found["sets"]] == ["living", "project"]
    assert found["verdict"] == "worse"


def test_messages_of_the_living_set_are_named_and_not_repeated(tmp_path: Path) -> None:
    before = [outcome(1, "ask_form"), outcome(2, "ask_form", "nlu")]
    found = compared(tmp_path, before, [outcome(1, "ask_fee"), outcome(2, "ask_fee", "nlu")])
    living, project = (part["changed"][0] for part in found["sets"])
    assert living["text"] is None and living["id"] == "held_out:1" and living["kind"] == "mended"
    assert project["text"] == "câu số 2 của [phone]"
    assert "câu số 1" not in json.dumps(found, ensure_ascii=False)
    assert found["sets"][0]["confusion"]["current"] == [["ask_fee", "ask_form", 1]]


def test_a_story_that_failed_before_is_not_broken_by_the_candidate(tmp_path: Path) -> None:
    stories = [Played("a", True), Played("b", False, 2, "no reply"), Played("c", False, 1, "x")]
    same = [outcome(1, "ask_fee")]
    found = compared(tmp_path, same, same, stories=stories, known=["c"])["stories"]
    assert found == {
        "n": 3,
        "passed": 1,
        "broken": [{"story": "b", "turn": 2, "why": "no reply"}],
        "broken_before": ["c"],
    }


def test_nothing_measured_is_no_verdict(tmp_path: Path) -> None:
    assert result(tmp_path, tmp_path, None, [])["verdict"] == "" == verdict([])


def test_a_turn_that_goes_otherwise_is_told_in_words() -> None:
    def said(**answer: Any) -> list[dict[str, Any]]:
        record = {"status": "answered", "language": "vi", "procedure_code": "1.1", "sources": [1]} | answer
        return [{"text": "Lệ phí: 8.000 đồng"}, {"custom": {"answer": record}}]

    turn = {"say": "?", "status": "answered", "procedure": "1.1", "has": ["8.000"], "lacks": ["9.000"]}
    assert fault(turn, said(), "vi") == ""
    assert fault(turn, said(status="form"), "vi") == "status is form, not answered"
    assert fault(turn, said(procedure_code="1.2"), "vi") == "procedure_code is 1.2, not 1.1"
    assert fault(turn, said(language="en"), "vi") == "language is en, not vi"
    assert fault(turn, said(sources=[]), "vi") == "no sources"
    assert fault(turn | {"has": ["7.000"]}, said(), "vi") == 'lacks "7.000"'
    assert fault(turn | {"lacks": ["Lệ phí"]}, said(), "vi") == 'has "Lệ phí"'
    assert fault(turn, [], "vi") == "no reply"
