"""Where a foreigner is named, the procedure for Vietnamese alone gives way to its sibling."""

from __future__ import annotations

import numpy as np
import pytest

from bot.understanding.beside import Beside, Foreigners
from bot.understanding.knobs import RANKING
from bot.understanding.lexical import Query
from bot.understanding.route import Served
from tests.bot.conftest import DataTree

WORDS = {"topic": {"foreigner": ["người Hàn", "korean"]}}


def _options(**titles: str) -> list[dict[str, str]]:
    return [{"code": code, "vi": title, "en": "x"} for code, title in titles.items()]


@pytest.mark.parametrize(
    ("options", "theirs_not"),
    [
        (_options(a="Cả hai là công dân Việt Nam", b="Một người là người nước ngoài"), {"a"}),
        (_options(a="Nhận con nuôi trong nước", b="Người nước ngoài nhận con nuôi"), {"a"}),
        (_options(a="Người Việt Nam về từ nước ngoài", b="Người nước ngoài"), set()),
        (_options(a="Người Việt Nam, lần đầu", b="Người Việt Nam, gia hạn"), set()),
    ],
)
def test_the_titles_of_siblings_say_what_is_not_for_foreigners(
    tree: DataTree, options: list[dict[str, str]], theirs_not: set[str]
) -> None:
    tree.write("nlu_data/siblings.yml", [{"id": "g", "question": {"vi": "?", "en": "?"}, "options": options}])
    tree.write("nlu_data/carriers.yml", WORDS)
    found = Foreigners.of(tree.project / "nlu_data")
    assert found.not_theirs == theirs_not
    assert found.spoken_of("chồng em là nguoi han") and not found.spoken_of("chồng em là người Huế")


def test_a_named_foreigner_lowers_them_and_nothing_else() -> None:
    served = [Served("a", "Đăng ký kết hôn"), Served("b", "Đăng ký kết hôn có yếu tố nước ngoài")]
    foreigners = Foreigners(frozenset({"a"}), lambda text: "người Hàn" in text)
    beside = Beside(served, {"a": 0, "b": 1}, RANKING, None, None, foreigners)
    assert beside.scores(Query((), ()), "kết hôn với người Huế", None, vietnamese=True) is None
    lowered = beside.scores(Query((), ()), "kết hôn với người Hàn", None, vietnamese=True)
    assert lowered is not None
    assert lowered == pytest.approx(np.array([-RANKING.foreigner, 0]))
