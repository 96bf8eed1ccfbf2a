"""Fitting the finder's probabilities: what is held out, what is learned, what is printed."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from bot.calibrate import Seen, fit, lines, observe
from bot.calibration_messages import FOLDS, Message, carriers, fold_of, made, without, written
from bot.understanding.certainty import Evidence
from bot.understanding.data import Sentence
from bot.understanding.finding import Candidate, Finding
from bot.understanding.route import Served
from troly.errors import UsageError

SERVED = [
    Served(str(n), f"Thủ tục cấp giấy phép loại {n} cho hộ dân", f"Permit of kind {n}") for n in range(40)
]
CITIZENS = {
    str(n): {"vi": [f"xin giấy số {n} cho nhà"], "en": [f"paper {n} for my house"], "zh": [f"许可{n}"]}
    for n in range(40)
}


def _seen(count: int = 200) -> list[Seen]:
    """Messages whose margin tells how likely the first one is right, and nothing else does."""
    random = Random(1)
    found = []
    for _ in range(count):
        margin = random.random()
        first = random.random() < margin
        evidence = Evidence(asked=random.random(), margin=margin, score=0.5)
        found.append(Seen("vi", "written", False, evidence, first, True))
    return found


def test_a_held_out_name_is_unknown_in_its_fold_and_known_in_the_others() -> None:
    name = "xin giấy số 3 cho nhà"
    fold = fold_of("vi", name)
    assert name not in without(CITIZENS, fold)["3"]["vi"]
    assert name in without(CITIZENS, (fold + 1) % FOLDS)["3"]["vi"]
    assert without(CITIZENS, None) == CITIZENS


def test_made_messages_are_the_same_in_every_run_and_know_their_fold() -> None:
    messages = made(SERVED, CITIZENS, {"không": "ko"}, {}, scale=0.1)
    assert messages == made(SERVED, CITIZENS, {"không": "ko"}, {}, scale=0.1)
    assert {message.kind for message in messages} == {"official", "part", "held"}
    assert all((message.fold is None) == (message.kind != "held") for message in messages)


def test_names_stand_inside_what_people_say_around_them() -> None:
    sentences = [
        Sentence("cho hỏi xin giấy số 3 cho nhà mất bao lâu", "ask_processing_time", "vi"),
        Sentence("xin giấy số 3 cho nhà nghe chán quá", "rate_service", "vi"),
    ]
    around = carriers(sentences, CITIZENS)
    assert around == {"vi": [("cho hỏi ", " mất bao lâu")], "en": []}
    typed = [one.text for one in made(SERVED, CITIZENS, {}, around, scale=0.2) if one.language == "vi"]
    assert any(text.startswith("cho hỏi ") for text in typed)


def test_messages_of_the_tests_have_the_procedures_that_are_right() -> None:
    messages = list(written(Path(__file__).parents[1]))
    kinds = Counter(message.kind for message in messages)
    assert kinds["written"] > 500 and kinds["blind"] > 400 and set(kinds) == {"written", "blind"}
    assert all(message.right for message in messages)


def test_what_is_measured_with_is_not_fitted() -> None:
    tests = Path(__file__).parents[1]
    used = {message.text for message in written(tests)}
    for file in (tests / "messages" / "measured").glob("*.jsonl"):
        lines = file.read_text(encoding="utf-8").splitlines()
        assert lines and used.isdisjoint(json.loads(line)["text"] for line in lines)


def test_an_installation_without_tests_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is missing"):
        list(written(tmp_path))


def test_what_tells_right_from_wrong_gets_the_weight() -> None:
    found = fit("TOP_BY_WORDS", _seen())
    assert found is not None
    assert found.weights["margin"] > 3 * abs(found.weights["asked"])
    assert 0.75 < found.auc < 0.95
    few_sure, all_messages = found.reached[-1], found.reached[0]
    assert few_sure[1] < all_messages[1]
    assert few_sure[2] > all_messages[2]


def test_too_little_is_not_fitted() -> None:
    assert fit("TOP_BY_WORDS", _seen(40)) is None
    assert fit("TOP_FOREIGN", _seen()) is None


def test_a_message_is_seen_by_words_and_with_the_encoder() -> None:
    message = Message("giấy phép", "vi", frozenset({"b"}), "written")

    def find(_: Message, encode: bool) -> Finding:
        codes = ("b", "a") if encode else ("a", "b")
        return Finding(tuple(Candidate(code, code, 1.0) for code in codes), evidence=Evidence(score=1.0))

    words, encoded = observe([message], find, encoder=True)
    assert (words.encoded, words.first, words.five) == (False, False, True)
    assert (encoded.encoded, encoded.first) == (True, True)
    assert observe([message], lambda *_: Finding(), encoder=True) == []


def test_the_formula_is_printed_as_the_code_writes_it() -> None:
    found = fit("TOP_BY_WORDS", _seen())
    assert found is not None
    first, second, *rest = lines([found])
    assert first.startswith('TOP_BY_WORDS: Weights = {"constant": ')
    assert "over 200 messages" in second
    assert len(rest) == len(found.reached)
