"""Conversations over several turns through the whole program."""

from __future__ import annotations

import sqlite3
from itertools import pairwise
from typing import Any

import pytest
from running import Running
from visitors import Visitor

_BIRTH, _PASSPORT = "1.001193", "1.001456"

_CHAINS = {
    "vi": [
        ("đăng ký khai sinh cần giấy tờ gì", "documents"),
        ("thế lệ phí thì sao?", "fee"),
        ("làm trong bao lâu thì xong", "processing_time"),
        ("ok", None),
        ("nộp ở đâu vậy", "place"),
        ("nộp qua mạng được không", "online"),
    ],
    "vi without accents": [
        ("dang ky khai sinh can giay to gi", "documents"),
        ("the le phi thi sao", "fee"),
        ("lam trong bao lau thi xong", "processing_time"),
        ("ok", None),
        ("nop o dau vay", "place"),
        ("nop qua mang duoc khong", "online"),
    ],
    "en": [
        ("what documents do I need to register a birth", "documents"),
        ("and how much is the fee?", "fee"),
        ("how long does it take", "processing_time"),
        ("ok", None),
        ("where do I go", "place"),
        ("can I do it online", "online"),
    ],
}


@pytest.mark.parametrize("name", _CHAINS)
def test_follow_up_questions_keep_the_procedure_and_the_language(stack: Running, name: str) -> None:
    with stack.visitor() as visitor:
        for text, aspect in _CHAINS[name]:
            turn = visitor.say(text)
            assert turn.about == (_BIRTH if aspect else None, aspect), (text, turn.text)
            assert turn.languages == {name[:2]}, text


def test_a_new_procedure_replaces_the_old_one(visitor: Visitor) -> None:
    assert visitor.say("đăng ký khai sinh cần giấy tờ gì").about == (_BIRTH, "documents")
    assert visitor.say("đăng ký kết hôn cần giấy tờ gì").about == ("1.000894", "documents")
    assert visitor.say("thế lệ phí thì sao").about == ("1.000894", "fee")


def test_the_language_can_be_switched_and_the_procedure_stays(visitor: Visitor) -> None:
    assert visitor.say("đăng ký khai sinh").about == (_BIRTH, "overview")
    assert visitor.say("nói tiếng Anh đi").languages == {"en"}
    english = visitor.say("how long does it take?")
    assert (english.about, english.languages) == ((_BIRTH, "processing_time"), {"en"})
    pressed = visitor.press('/change_language{"requested_language": "vi"}')
    assert pressed.languages == {"vi"}
    again = visitor.press(f'/ask_fee{{"procedure_code": "{_BIRTH}"}}')
    assert (again.about, again.languages) == ((_BIRTH, "fee"), {"vi"})
    assert visitor.say("ok").languages == {"vi"}


def test_the_greetings_button_switches_the_language(stack: Running) -> None:
    with stack.visitor() as visitor:
        (english,) = [button for button in visitor.greeting.buttons if button["title"] == "English"]
        assert visitor.press(english["payload"]).languages == {"en"}
        assert visitor.say("1.001193").languages == {"en"}


def test_an_unknown_language_gets_both(stack: Running) -> None:
    with stack.visitor() as visitor:
        turn = visitor.say("出生登记需要什么材料")
        assert "Anh/Chị" in turn.text and "you" in turn.text.lower()


def offered(visitor: Visitor) -> Any:
    """A turn in which the assistant asks which procedure is meant; what is unclear to it may change."""
    for unclear in ("căn cước", "trợ cấp", "đăng ký tạm trú cần giấy tờ gì"):
        turn = visitor.say(unclear)
        procedures = ["procedure_code" in button["payload"] for button in turn.buttons]
        if turn.status == "clarify" and len(procedures) >= 3 and all(procedures):
            return turn
    raise AssertionError("nothing is unclear to it")


@pytest.mark.parametrize("way", ["button", "number", "words for a number", "name"])
def test_a_choice_can_be_made_in_every_way(visitor: Visitor, way: str) -> None:
    offer = offered(visitor)
    title, payload = offer.buttons[1]["title"], offer.buttons[1]["payload"]
    turn = {
        "button": lambda: visitor.press(payload),
        "number": lambda: visitor.say("2"),
        "words for a number": lambda: visitor.say("cái thứ hai"),
        "name": lambda: visitor.say(title),
    }[way]()
    assert turn.status == "answered" and f'"{turn.answer["procedure_code"]}"' in payload, turn
    assert visitor.say("lệ phí thì sao").answer["procedure_code"] == turn.answer["procedure_code"]


def test_a_number_that_was_not_offered_is_asked_again(visitor: Visitor) -> None:
    number = len(offered(visitor).buttons)
    turn = visitor.say("số 9")
    assert number < 9 and turn.status == "clarify" and str(number) in turn.text
    assert visitor.say("số 1").status == "answered"


@pytest.mark.parametrize("word", ["hủy", "huy", "cancel", "thôi không cần nữa"])
def test_cancel_leaves_the_form(visitor: Visitor, word: str) -> None:
    assert visitor.say("tra cứu hồ sơ của tôi").status == "form"
    left = visitor.say(word)
    assert (left.status, left.answer["intent"]) == ("smalltalk", "cancel")
    turn = visitor.say("đăng ký khai sinh")
    assert turn.about == (_BIRTH, "overview") and len(turn.replies) == 1, "the form still asks"


def test_a_question_in_the_middle_of_a_form_is_answered_and_the_form_goes_on(visitor: Visitor) -> None:
    assert visitor.say("hồ sơ của tôi đến đâu rồi").status == "form"
    between = visitor.say("đăng ký khai sinh cần giấy tờ gì?")
    assert between.about == (_BIRTH, "documents")
    assert len(between.replies) == 2 and between.replies[1]["answer"] is None
    done = visitor.say("h4933 250421 0001")
    assert (done.status, done.answer["application_code"]) == ("answered", "H49.33-250421-0001")
    assert visitor.say("lệ phí thì sao").about == (_BIRTH, "fee")


def test_a_reply_names_its_source_and_its_date(visitor: Visitor) -> None:
    answer = visitor.say("đăng ký khai sinh mất bao nhiêu tiền").answer
    (source,) = answer["sources"]
    assert source["url"].startswith("http") and source["title"] and source["as_of"]


# One round of a long talk: the message, and what the answer must be about.
_ROUND = [
    ("đăng ký khai sinh cần giấy tờ gì", (_BIRTH, "documents")),
    ("thế lệ phí thì sao?", (_BIRTH, "fee")),
    ("cảm ơn", (None, None)),
    ("nộp ở đâu", (_BIRTH, "place")),
    ("tra cứu hồ sơ của tôi", (None, None)),
    ("H49.33-250421-0001", (None, None)),
    ("làm trong bao lâu", (_BIRTH, "processing_time")),
    ("căn cước", (None, "overview")),
    ("số 1", ("1.014061", "overview")),
    ("lệ phí bao nhiêu", ("1.014061", "fee")),
    ("how do I register a marriage", ("1.000894", "overview")),
    ("nói tiếng Việt", (None, None)),
]
_ROUNDS = 10


def test_the_hundredth_turn_is_as_right_as_the_first_and_stores_as_little(
    stack: Running, visitor: Visitor
) -> None:
    counts = [_rows(stack, visitor.id)]
    for number in range(_ROUNDS):
        for text, about in _ROUND:
            turn = visitor.say(text)
            assert turn.about == about, (number, text, turn.text)
            assert turn.languages == ({"en"} if text.isascii() and "register" in text else {"vi"}), text
        counts.append(_rows(stack, visitor.id))
    grown = [later - earlier for earlier, later in pairwise(counts)]
    assert len(set(grown[1:])) == 1, f"rows a round: {grown}"
    assert grown[1] < 12 * len(_ROUND)
    said = [line for line in visitor.transcript() if line["from"] == "citizen"]
    assert [line["text"] for line in said] == [text for text, _ in _ROUND] * _ROUNDS


def _rows(stack: Running, conversation: str) -> int:
    with sqlite3.connect(f"file:{stack.database}?mode=ro", uri=True) as database:
        question = "SELECT count(*) FROM tracker_event WHERE sender_id = ?"
        count: int = database.execute(question, (conversation,)).fetchone()[0]
    return count
