"""Dialogue files are read strictly, and words that take one of a list are recognised."""

import json
from pathlib import Path

import pytest

from channels.dialogues import picked, read_dialogues
from troly.errors import UsageError


def written(folder: Path, *lines: object) -> Path:
    path = folder / "dialogues.jsonl"
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return path


def test_expectations_are_read_as_written(tmp_path: Path) -> None:
    turns = [
        {
            "user": "a",
            "expect": {"intent": "ask_fee", "procedure": ["1.1"], "aspect": "fee"},
            "note": "alt_intent=greet|ask_procedure",
        },
        {"user": "b", "expect": {"intent": ["x", "y"], "procedure": None, "language": "en"}},
        {"user": "c", "expect": {"procedure": []}},
    ]
    (dialogue,) = read_dialogues(written(tmp_path, {"id": "d1", "lang": "en", "turns": turns}, ""))
    first, second, third = (step.expected for step in dialogue.steps)
    assert (dialogue.id, dialogue.language) == ("d1", "en")
    assert (first.intents, first.procedures) == (("ask_fee", "greet", "ask_procedure"), ("1.1",))
    assert first.aspects == ("fee", "overview")  # that of an accepted intent is accepted with it
    assert (second.intents, second.procedures, second.language) == (("x", "y"), None, "en")
    assert (third.intents, third.procedures, third.aspects) == ((), (), ())


def test_every_bad_line_is_named_with_its_number(tmp_path: Path) -> None:
    good = {"id": "d1", "turns": [{"user": "a"}]}
    path = written(
        tmp_path, good, "{", {"id": "d2", "turns": []}, {"id": "d3", "turns": [{"user": " "}]}, good
    )
    with pytest.raises(UsageError) as caught:
        read_dialogues(path)
    message = str(caught.value)
    assert all(f"dialogues.jsonl:{number}: " in message for number in (2, 3, 4))
    assert ":1: " not in message and ":5: " not in message


def test_a_file_without_dialogues_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no dialogue"):
        read_dialogues(written(tmp_path, ""))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("cái thứ 2 ạ", 2),
        ("cho mình chọn số 3", 3),
        ("cái đầu tiên", 1),
        ("thứ ba nhé", 3),
        ("2", 2),
        ("the second one please", 2),
        ("option 4", 4),
        ("the 3rd", 3),
        ("cái cuối", -1),
        ("the last one", -1),
        ("lệ phí bao nhiêu", None),
        ("con tôi sinh năm 2024 ở Hạ Long", None),
    ],
)
def test_words_that_take_one_of_a_list(text: str, number: int | None) -> None:
    assert picked(text) == number
