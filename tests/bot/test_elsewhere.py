"""Papers that another country gives: nothing of ours answers them, though they have the words of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.understanding.elsewhere import Elsewhere
from bot.understanding.knobs import SCOPE
from bot.understanding.scope import OUT_OF_SCOPE, outside
from troly.settings import ROOT

NEEDING = {"ask_procedure"}


@pytest.fixture(scope="module")
def elsewhere() -> Elsewhere:
    return Elsewhere.of(ROOT / "nlu_data")


@pytest.mark.parametrize(
    "text",
    [
        "how do I get a US visa",
        "U.S. visa for my mother",
        "my father needs a Korean tourist visa",
        "visa to visit Japan",
        "who gives the green card",
        "citizenship of Canada for my son",
        "renew my passport at the Indian embassy",
        "xin visa đi Hàn Quốc",
        "thị thực du lịch Mỹ phỏng vấn thế nào",
        "xin visa dai loan",
    ],
)
def test_a_paper_of_another_country_is_seen(elsewhere: Elsewhere, text: str) -> None:
    assert elsewhere.asked(text)


@pytest.mark.parametrize(
    "text",
    [
        "extend my visa",
        "can you extend visa for us",
        "gia han visa cho my wife",
        "I am from Australia, my visa ends soon",
        "chồng em người Mỹ visa sắp hết hạn",
        "a police check for my Canadian visa",
        "xin lý lịch tư pháp để nộp visa Mỹ",
        "exchange a German driving licence",
        "give up my Vietnamese citizenship",
        "visa for my German wife",
        "em xin visa anh ơi",
        "",
    ],
)
def test_ours_and_a_mere_mention_are_not(elsewhere: Elsewhere, text: str) -> None:
    assert not elsewhere.asked(text)


def test_it_rejects_what_the_finder_half_knows_and_not_what_is_named_in_full() -> None:
    ranking = {"ask_procedure": 0.97, OUT_OF_SCOPE: 0.02}
    assert outside(ranking, NEEDING, 0.6, 0.9, elsewhere=True) > SCOPE.reject
    assert outside(ranking, NEEDING, 0.6, 0.9) < SCOPE.reject
    assert outside({"ask_procedure": 1.0}, NEEDING, 0.99, 0.99, elsewhere=True) < SCOPE.reject


def test_without_the_section_nothing_is_of_another_country(tmp_path: Path) -> None:
    assert not Elsewhere.of(tmp_path).asked("US visa")
