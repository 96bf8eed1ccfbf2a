"""Corrections within the procedure that is talked about."""

from __future__ import annotations

import pytest

from bot.understanding.analysis import Analyzer, read_carriers, read_variants
from bot.understanding.correction import MENTION, correct, sibling_codes
from bot.understanding.route import Served
from troly.settings import ROOT

CARDS = [
    Served("a", "Cấp thẻ căn cước"),
    Served("b", "Cấp đổi thẻ căn cước"),
    Served("c", "Cấp lại thẻ căn cước"),
]
NAMES = {"b": ["căn cước hết hạn", "đổi thẻ căn cước"], "c": ["mất căn cước"]}


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer("vi", read_carriers(ROOT / "nlu_data", "vi"), {}, {}, read_variants(ROOT / "nlu_data"))


@pytest.mark.parametrize(
    ("text", "code"), [("không mất, sắp hết hạn thôi", "b"), ("bị mất rồi ạ", "c"), ("à em muốn đổi cơ", "b")]
)
def test_a_correction_picks_the_variant(analyzer: Analyzer, text: str, code: str) -> None:
    finding = correct(text, analyzer, CARDS, NAMES)
    assert finding is not None
    assert finding.procedures[0].code == code
    assert finding.mention == MENTION


@pytest.mark.parametrize(
    "text", ["làm hộ chiếu bị mất", "lệ phí bao nhiêu", "con 8 tuổi thì sao", "khai sinh", ""]
)
def test_anything_else_is_no_correction(analyzer: Analyzer, text: str) -> None:
    assert correct(text, analyzer, CARDS, NAMES) is None


def test_siblings_know_each_other() -> None:
    groups = sibling_codes(ROOT / "nlu_data")
    assert groups
    assert all(code in members for code, members in groups.items())
    assert all(code in groups[other] for code, members in groups.items() for other in members)


@pytest.mark.parametrize(
    "text",
    [
        "1.999999",
        "thủ tục 1.999999 bị mất",
        "H49.33-250421-0001 hết hạn",
        "0912345678 đổi",
        "https://a.vn mất",
        "k" + "\u0301" * 9 + "hai mất",
    ],
)
def test_codes_numbers_and_addresses_in_a_message_do_not_matter(analyzer: Analyzer, text: str) -> None:
    correct(text, analyzer, CARDS, NAMES)
    assert isinstance(analyzer.speaks_of_variants_only(text), bool)
