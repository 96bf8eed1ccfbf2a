"""Whether a message goes on with what was talked of or comes to something else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.understanding.certainty import Evidence
from bot.understanding.topic import Topic
from troly.settings import ROOT

TOPIC = Topic.of(ROOT / "nlu_data")
NAMED = Evidence(named=0.9, matched=2.6, score=1.0)
IN_PASSING = Evidence(named=0.35, matched=2.0, score=0.8)


def test_a_named_wish_changes_the_topic_and_a_word_in_passing_does_not() -> None:
    assert TOPIC.changed("em muốn làm lại căn cước bị mất thì làm thế nào", NAMED, 0.95) > 0.9
    assert TOPIC.changed("phí có đắt không", IN_PASSING, 0.0) < 0.1
    assert TOPIC.changed("can we get it the same day", IN_PASSING, 0.0) < 0.2


@pytest.mark.parametrize(
    ("new", "same"),
    [
        ("còn giấy phép xây dựng thì nộp ở đâu", "vậy giấy phép xây dựng thì nộp ở đâu"),
        ("con giay phep xay dung thi nop o dau", "giay phep xay dung thi nop o dau"),
        ("sau này xây nhà thì nộp ở đâu", "lúc xây nhà thì nộp ở đâu"),
        ("what about the building permit, where", "and for the building permit, where"),
        ("nộp ở xã thì sao", "nộp ở xã hay tỉnh"),
    ],
)
def test_small_words_speak_for_a_new_topic_or_against_it(new: str, same: str) -> None:
    evidence = Evidence(named=0.6, matched=2.2, score=0.9)
    assert TOPIC.changed(new, evidence, 0.2) > TOPIC.changed(same, evidence, 0.2)


def test_what_few_ask_for_is_seldom_the_new_topic() -> None:
    words = "cần khám sức khỏe không"
    usual = Evidence(named=0.7, matched=2.6, score=1.1)
    assert TOPIC.changed(words, replace(usual, rare=1.0), 0.0) < TOPIC.changed(words, usual, 0.0)
    in_full = Evidence(named=1.0, matched=3.4, score=1.2, rare=1.0)
    assert TOPIC.changed("tôi muốn công bố đủ điều kiện khám sức khỏe, làm thế nào", in_full, 0.9) > 0.5


def test_a_bare_subject_is_a_new_one_and_a_bare_question_is_not() -> None:
    bare = Evidence(asked=1.0, named=0.5, matched=1.5, score=0.9)
    assert TOPIC.changed("căn cước", bare, 0.99) == 1.0
    assert TOPIC.changed("mấy ngày", bare, 0.0) < 0.5


def test_a_cue_is_a_whole_word_and_an_opening_stands_first() -> None:
    assert not TOPIC.cues["or"].search("hang hoa")
    assert TOPIC.cues["opens"].search("con giay to")
    assert not TOPIC.cues["opens"].search("cho con di hoc")


def test_without_cues_nothing_matches() -> None:
    assert not any(cue.search("con gi hay or") for cue in Topic.of(ROOT / "no such folder").cues.values())


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("my father, a British citizen, passed away", True),
        ("lấy chồng Đài Loan thì đăng ký ở đâu", True),
        ("ba chau la nguoi Han", True),
        ("xin lý lịch tư pháp", False),
        ("xưởng hàn xì cần giấy phép gì", False),
        ("I live in Hạ Long", False),
        ("my husband is Vietnamese and we marry in May", True),
        ("em lay chong My", True),
        ("my wife is pregnant", False),
    ],
)
def test_who_speaks_of_a_foreigner(text: str, named: bool) -> None:
    assert TOPIC.speaks_of_a_foreigner(text) is named
