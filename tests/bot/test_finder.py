"""The procedure finder over a small catalogue: ranking, decision, follow-ups, freshness."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from bot.components.finder_storage import make_analyzers
from bot.understanding.analysis import (
    Analyzer,
    common_words,
    read_carriers,
    read_synonyms,
    read_variants,
    stem,
)
from bot.understanding.data import seldom_needed
from bot.understanding.finder import Finder, names_to_encode
from bot.understanding.lexical import LexicalIndex, Query
from bot.understanding.route import Served
from bot.understanding.spelling import Speller
from troly.settings import ROOT

SERVED = [
    Served("1.001193", "Thủ tục đăng ký khai sinh", "Birth registration", ("commune",)),
    Served("1.004884", "Thủ tục đăng ký lại khai sinh", "Re-registration of birth", ("commune",)),
    Served("1.000894", "Thủ tục đăng ký kết hôn", "Marriage registration", ("commune",)),
    Served(
        "2.000806", "Thủ tục đăng ký kết hôn có yếu tố nước ngoài", "Marriage with a foreigner", ("commune",)
    ),
    Served("1.003197", "Xóa đăng ký thường trú", "Deregistration of permanent residence", ("commune",)),
    Served("1.014199", "Cấp giấy phép lao động", "Work permit: issue", ("province",)),
    Served("1.014201", "Gia hạn giấy phép lao động", "Work permit: extension", ("province",)),
    Served("1.013225", "Cấp giấy phép xây dựng mới đối với nhà ở riêng lẻ", "Building permit", ("commune",)),
    Served("1.012784", "Tách thửa hoặc hợp thửa đất", "Splitting land", ("commune",)),
    Served("2.000815", "Chứng thực bản sao từ bản chính", "Certified copy", ("commune",)),
]
CITIZENS = {
    "1.001193": {
        "vi": ["vợ mới sinh", "làm giấy khai sinh cho con"],
        "en": ["birth certificate for my baby"],
        "zh": ["给新生儿办出生证明"],
    },
    "1.003197": {"vi": ["xóa tên trong hộ khẩu", "cắt khẩu"], "en": ["remove someone from the household"]},
    "2.000815": {"vi": ["sao y bản chính", "photo công chứng"], "en": ["certify a copy of my passport"]},
}


@pytest.fixture(scope="module")
def finder() -> Finder:
    root = ROOT / "nlu_data"
    vi = Analyzer(
        "vi", read_carriers(root, "vi"), read_synonyms([root / "synonyms.yml"]), {}, read_variants(root)
    )
    english = [item.title or "" for item in SERVED] + [
        name for names in CITIZENS.values() for name in names["en"]
    ]
    same = read_synonyms([root / "synonyms.yml"], "en")
    en = Analyzer("en", read_carriers(root, "en"), same, {}, read_variants(root), Speller.train(english))
    return Finder(SERVED, CITIZENS, {"vi": vi, "en": en})


@pytest.mark.parametrize(
    ("text", "language", "code"),
    [
        ("đăng ký khai sinh cần giấy tờ gì", "vi", "1.001193"),
        ("dang ky khai sinh can giay to gi", "vi", "1.001193"),
        ("vợ em mới sinh thì phải làm thế nào ạ", "vi", "1.001193"),
        ("đăng ký lại khai sinh", "vi", "1.004884"),
        ("giấy phép lao động mất bao lâu", "vi", "1.014199"),
        ("gia hạn giấy phép lao động", "vi", "1.014201"),
        ("kết hôn với người nước ngoài", "vi", "2.000806"),
        ("rồi xóa tên trong hộ khẩu nữa thì sao", "vi", "1.003197"),
        ("birth certificate for my son", "en", "1.001193"),
        ("marriage with my german girlfriend", "en", "2.000806"),
        ("marriage registration for two locals", "en", "1.000894"),
        ("extention of work permitt", "en", "1.014201"),
        ("给新生儿办出生证明", "zh", "1.001193"),
        ("tách thửa đất", None, "1.012784"),
        ("xoa ten ho khau of my son, he lives in Japan", "en", "1.003197"),
    ],
)
def test_the_right_procedure_comes_first(finder: Finder, text: str, language: str | None, code: str) -> None:
    assert finder.find(text, language).procedures[0].code == code


def test_a_clear_name_is_answered_and_a_variant_that_nobody_named_waits(finder: Finder) -> None:
    finding = finder.find("làm giấy khai sinh cho con", "vi")
    assert finding.decision == "answer"
    assert finding.mention > 0.5


@pytest.mark.parametrize(
    "text",
    [
        "lệ phí bao nhiêu",
        "cần giấy tờ gì ạ",
        "thế nộp ở đâu",
        "mất mấy ngày",
        "con 8 tuổi thì giấy tờ thêm gì không",
    ],
)
def test_a_question_of_carriers_only_is_a_follow_up(finder: Finder, text: str) -> None:
    finding = finder.find(text, "vi")
    assert finding.decision == "none"
    assert finding.mention < 0.25


def test_what_nobody_serves_is_not_answered(finder: Finder) -> None:
    assert finder.find("xin giấy phép phóng vệ tinh lên quỹ đạo sao hỏa", "vi").decision != "answer"


def test_names_at_most_ten_and_each_procedure_once(finder: Finder) -> None:
    codes = [one.code for one in finder.find("đăng ký giấy phép", "vi").procedures]
    assert len(codes) == len(set(codes)) <= 10


def test_the_encoder_is_asked_only_where_words_do_not_decide(finder: Finder) -> None:
    asked: list[str] = []
    vectors = {
        name: np.eye(4, dtype=np.float16)[i % 4] for i, name in enumerate(names_to_encode(SERVED, CITIZENS))
    }

    def encode(text: str) -> NDArray[np.float32]:
        asked.append(text)
        return np.eye(4, dtype=np.float32)[0]

    dense = Finder(SERVED, CITIZENS, finder.analyzers, vectors)
    assert not dense.find("làm giấy khai sinh cho con", "vi", encode).encoded
    assert asked == []
    assert dense.find(
        "em bé nhà em ra đời tuần trước", "vi", encode, "em bé nhà em ra đời tuần trước"
    ).encoded
    assert asked == ["em bé nhà em ra đời tuần trước"]


def test_a_typed_code_is_known_or_not(finder: Finder) -> None:
    known = finder.by_code("1.001193")
    assert known is not None
    assert known.name == "Thủ tục đăng ký khai sinh"
    assert finder.by_code("9.999999") is None


def test_an_empty_catalogue_finds_nothing(finder: Finder) -> None:
    assert Finder([], {}, finder.analyzers).find("khai sinh", "vi").procedures == ()


def test_the_shares_of_a_match_stay_between_zero_and_one() -> None:
    index = LexicalIndex([["khai", "sinh"], ["ket", "hon"], ["khai", "tu", "khai", "tu"]])
    match = index.match(Query(("khai", "khai", "sinh", "xyz"), (1.0, 1.0, 1.0, 0.1)))
    for share in (match.asked, match.named, match.pairs, match.spelled):
        assert ((share >= 0) & (share <= 1.0001)).all()
    assert int(np.argmax(match.asked)) == 0


def test_common_words_are_what_people_say_whatever_they_ask() -> None:
    weights = common_words(
        ["cho em hỏi chút", "em hỏi với", "em hỏi ạ", "khai gì em"], ["khai sinh", "khai tử"]
    )
    assert weights["em"] < 0.5
    assert "khai" not in weights


@pytest.mark.parametrize(
    "forms", [("register", "registering", "registration"), ("licence", "license"), ("marry", "married")]
)
def test_forms_of_a_word_share_a_stem(forms: tuple[str, ...]) -> None:
    assert len({stem(form) for form in forms}) == 1


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("pasport", "passport"),
        ("regsiter", "register"),
        ("marrriage", "marriage"),
        ("xyzzy", "xyzzy"),
        ("marriage", "marriage"),
    ],
)
def test_single_slips_are_mended(written: str, meant: str) -> None:
    assert Speller.train(["register my marriage", "passport"]).mend(written) == meant


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("làm thẻ mất bao lâu", False),
        ("mat 3 ngay phai khong", False),
        ("lam the mat tien khong", False),
        ("mất thẻ rồi", True),
        ("bị mất, tôi muốn làm lại", True),
        ("mat 1 giay to", True),
        ("mất giấy, làm lại mất bao lâu", True),
    ],
)
def test_to_cost_is_not_to_lose(finder: Finder, text: str, lost: bool) -> None:
    assert ("again" in finder.analyzers["vi"].variant_groups(text)) is lost


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("my card is torn", "again"),
        ("my permit is expiring", "extend"),
        ("my name is misspelled", "adjust"),
        ("the shop has closed", "end"),
    ],
)
def test_forms_of_a_word_mark_its_variant(finder: Finder, text: str, group: str) -> None:
    assert group in finder.analyzers["en"].variant_groups(text)


@pytest.mark.parametrize("text", ["mở công ty", "phòng cháy chữa cháy", "nhằm hỗ trợ", "làm ngoài giờ"])
def test_words_that_look_alike_without_marks_are_no_variant(finder: Finder, text: str) -> None:
    assert finder.analyzers["vi"].variant_groups(text) == set()


def test_synonyms_are_of_one_language(tmp_path: Path) -> None:
    file = tmp_path / "synonyms.yml"
    lines = ['- {say: ["sổ đỏ"], official: ["quyền sử dụng đất"]}']
    lines.append('- {language: en, say: ["police check"], official: ["criminal records"]}')
    file.write_text("\n".join(lines), encoding="utf-8")
    assert set(read_synonyms([file])) == {"so"}
    assert read_synonyms([file], "en") == {"police": [(("police", "check"), ("crimin", "record"))]}


def test_official_names_are_known_to_the_encoder() -> None:
    assert {item.name for item in SERVED} <= set(names_to_encode(SERVED, CITIZENS))


def test_the_encoder_finds_an_official_name_that_shares_no_word(finder: Finder) -> None:
    vectors = {
        name: np.eye(24, dtype=np.float16)[i % 24] for i, name in enumerate(names_to_encode(SERVED, CITIZENS))
    }
    wanted = vectors["Tách thửa hoặc hợp thửa đất"].astype(np.float32)
    dense = Finder(SERVED, CITIZENS, finder.analyzers, vectors)
    found = dense.find("chia mảnh ruộng cho hai anh em", "vi", lambda _: wanted)
    assert found.encoded
    assert found.procedures[0].code == "1.012784"


def test_a_procedure_is_not_worse_for_having_no_everyday_names(finder: Finder) -> None:
    bare = [Served("a", "Cấp giấy phép nuôi chim yến"), Served("b", "Cấp giấy phép nuôi cá sấu")]
    named = {"b": {"vi": ["giấy phép nuôi cá", "xin giấy phép nuôi cá"]}}
    found = Finder(bare, named, finder.analyzers).find("giấy phép nuôi chim yến", "vi")
    assert found.procedures[0].code == "a"


def test_what_few_ask_for_has_no_advantage_from_its_names(finder: Finder) -> None:
    twins = [Served("a", "Cấp giấy phép nuôi chim yến"), Served("b", "Cấp giấy phép nuôi chim yến")]
    names = {"a": {"vi": ["xin nuôi yến"]}, "b": {"vi": ["nuôi yến trong nhà"]}}
    both = [frozenset({"a"}), frozenset({"b"})]
    found = [
        Finder(twins, names, finder.analyzers, seldom=seldom).find("cấp giấy phép nuôi chim yến", "vi")
        for seldom in both
    ]
    assert [one.procedures[0].code for one in found] == ["b", "a"]


def test_the_data_say_what_few_ask_for(tmp_path: Path) -> None:
    entries = [{"code": "1.000001", "seldom": True, "vi": ["a"]}, {"code": "1.000002", "vi": ["b"]}]
    (tmp_path / "procedures.yml").write_text(yaml.safe_dump(entries), "utf-8")
    assert seldom_needed(tmp_path) == {"1.000001"}


def test_what_surrounds_a_procedure_is_learned_from_what_many_ask_for(tmp_path: Path) -> None:
    (tmp_path / "vi").mkdir()
    sentences = [f"cho hỏi thăm anh em {number}" for number in range(5)]
    (tmp_path / "vi" / "chitchat.yml").write_text(
        yaml.safe_dump({"language": "vi", "intent": "chitchat", "sentences": sentences}, allow_unicode=True),
        "utf-8",
    )
    (tmp_path / "intents.yml").write_text("chitchat: {needs_procedure: false}", "utf-8")
    citizens = {
        "1.000001": {"vi": ["hỏi thăm phạm nhân"], "en": []},
        "1.000002": {"vi": ["nuôi ong"], "en": []},
    }
    weights = []
    for seldom in (frozenset[str](), frozenset({"1.000001"})):
        weights.append(make_analyzers(tmp_path, citizens, seldom)["vi"].common.get("tham", 1.0))
    assert weights[1] < weights[0]


def test_a_sure_finding_says_so(finder: Finder) -> None:
    clear, vague = finder.find("làm giấy khai sinh cho con", "vi"), finder.find("đăng ký giấy phép", "vi")
    assert clear.certainty > vague.certainty
    assert 0 <= vague.among <= 1


ID_CARDS = [
    Served("1.014061", "Cấp thẻ căn cước cho người từ đủ 14 tuổi trở lên", None, ("commune",)),
    Served("1.014062", "Cấp thẻ căn cước cho người dưới 14 tuổi", None, ("commune",)),
    Served("1.014063", "Cấp đổi thẻ căn cước", None, ("commune",)),
    Served("1.014064", "Cấp lại thẻ căn cước", None, ("commune",)),
    Served("1.012783", "Cấp đổi giấy chứng nhận quyền sử dụng đất", None, ("commune",)),
    *SERVED,
]


@pytest.mark.parametrize(
    ("text", "decision"),
    [("căn cước", "choose"), ("đổi thẻ căn cước", "answer")],
)
def test_a_mere_subject_that_many_names_contain_is_asked_about(
    finder: Finder, text: str, decision: str
) -> None:
    lost = {"1.014064": {"vi": ["mất căn cước", "rơi căn cước"]}}
    cards = Finder(ID_CARDS, CITIZENS | lost, finder.analyzers)
    assert cards.find(text, "vi").decision == decision


def test_a_concept_of_common_words_is_a_subject(finder: Finder) -> None:
    land = {"1.012783": {"vi": ["đổi sổ đỏ cũ", "cấp đổi sổ đỏ"]}}
    common = {"so": 0.2, "do": 0.1}
    vi = finder.analyzers["vi"]
    analyzer = Analyzer("vi", vi.carriers, vi.synonyms, common, vi.variants)
    found = Finder(ID_CARDS, CITIZENS | land, {"vi": analyzer, "en": finder.analyzers["en"]})
    assert found.find("sổ đỏ", "vi").procedures[0].code == "1.012783"
    assert found.find("số đó", "vi").decision == "none"


def test_what_was_talked_of_decides_between_equals() -> None:
    served = [
        Served("1.000001", "Cấp lại giấy phép lao động", field="Việc làm"),
        Served("1.000002", "Cấp lại giấy phép lái tàu", field="Đường thủy"),
        Served("1.000003", "Cấp giấy phép lao động", field="Việc làm"),
        Served("1.000004", "Cấp giấy phép lái tàu", field="Đường thủy"),
        *(item for item in SERVED if "giấy phép" not in item.name),
    ]
    finder = Finder(served, {}, {"vi": Analyzer("vi"), "en": Analyzer("en")})
    for focus, again in (("1.000003", "1.000001"), ("1.000004", "1.000002")):
        assert finder.find("xin cấp lại giấy phép", "vi", focus=focus).procedures[0].code == again
    unknown = finder.find("xin cấp lại giấy phép", "vi", focus="9.999999")
    assert unknown.procedures == finder.find("xin cấp lại giấy phép", "vi").procedures


def test_a_name_in_full_outweighs_what_was_talked_of(finder: Finder) -> None:
    found = finder.find("cấp giấy phép xây dựng mới nhà ở riêng lẻ", "vi", focus="1.001193")
    assert found.procedures[0].code == "1.013225" and found.decision == "answer"
