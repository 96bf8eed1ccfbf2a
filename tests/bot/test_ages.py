"""A procedure for the younger or older than those of whom a message speaks gives way."""

from __future__ import annotations

import numpy as np
import pytest

from bot.understanding.ages import AgeLimits, ages_in, limits_of
from bot.understanding.beside import Beside, Foreigners
from bot.understanding.knobs import RANKING
from bot.understanding.lexical import Query
from bot.understanding.route import Served

CHILD = Served("a", "Cấp thẻ căn cước cho người dưới 14 tuổi")
ADULT = Served("b", "Cấp thẻ căn cước cho người từ đủ 14 tuổi trở lên")
ANY = Served("c", "Cấp lại thẻ căn cước")


@pytest.mark.parametrize(
    ("text", "ages"),
    [
        ("làm căn cước cho bé 6 tuổi", {6}),
        ("lam can cuoc cho be 6tuoi", {6}),
        ("tôi 40 tuổi, con tôi 10 tuổi", {40, 10}),
        ("trẻ dưới 14 tuổi", {13}),
        ("con chưa đủ 14 tuổi", {13}),
        ("cháu đủ 14 tuổi", {14}),
        ("bé 5 tháng tuổi", {0}),
        ("con mới sinh", {0}),
        ("ID for my 5-year-old", {5}),
        ("he is 15 yo", {15}),
        ("my son is 15, first id card", {15}),
        ("my son is 3 months old", {0}),
        ("给我5岁的孩子办身份证", {5}),
        ("15살 아이", {15}),
        ("nghị định 14", set()),
        ("nộp phạt 3 tháng", set()),
        ("I worked here for 5 years", set()),
        ("she is 100% sure", set()),
    ],
)
def test_ages_are_read_in_every_language(text: str, ages: set[int]) -> None:
    assert ages_in(text) == ages


def test_official_names_state_limits() -> None:
    assert limits_of(CHILD.name) == (0, 13)
    assert limits_of("Việc sử dụng người chưa đủ 13 tuổi làm việc") == (0, 12)
    youngest, oldest = limits_of(ADULT.name) or (0, 0)
    assert youngest == 14 and oldest > 110
    assert limits_of("Công nhận tuổi nghề cơ yếu") is None


@pytest.mark.parametrize(
    ("text", "outside"),
    [
        ("con 15 tuổi", [1, 0, 0]),
        ("con 10 tuổi", [0, 1, 0]),
        ("tôi 40 tuổi làm cho con 10 tuổi", [0, 0, 0]),
    ],
)
def test_only_what_is_for_nobody_in_the_message_is_outside(text: str, outside: list[int]) -> None:
    found = AgeLimits.of([CHILD, ADULT, ANY]).too_young_or_old(text)
    assert found is not None and found.tolist() == outside


def test_it_lowers_a_score_and_says_nothing_without_an_age() -> None:
    beside = Beside([CHILD, ADULT, ANY], {"a": 0, "b": 1, "c": 2}, RANKING, None, None, Foreigners())
    query = Query((), (), ())
    assert beside.scores(query, "làm căn cước", None, vietnamese=True) is None
    lowered = beside.scores(query, "căn cước cho con 10 tuổi", None, vietnamese=True)
    assert lowered == pytest.approx(np.array([0, -RANKING.age, 0]))
