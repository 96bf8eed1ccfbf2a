"""Chinese, Japanese and Korean are compared by pairs of signs."""

from __future__ import annotations

import pytest

from bot.understanding.analysis import Analyzer
from bot.understanding.finder import Finder
from bot.understanding.route import Served
from bot.understanding.signs import SignAnalyzer, sign_pairs

SERVED = [
    Served("1.015002", "Đăng ký nhãn hiệu", "Trademark registration"),
    Served("1.014199", "Cấp giấy phép lao động", "Work permit: issue"),
    Served("1.001193", "Đăng ký khai sinh", "Birth registration"),
]
CITIZENS = {
    "1.015002": {"zh": ["商标注册"], "ko": ["상표 등록"], "ja": ["商標登録"], "en": ["register a brand"]},
    "1.014199": {
        "zh": ["劳动许可证"],
        "ko": ["노동허가서 발급"],
        "ja": ["労働許可証"],
        "en": ["work permit"],
    },
    "1.001193": {
        "zh": ["给新生儿办出生证明"],
        "ko": ["출생신고"],
        "ja": ["出生届"],
        "en": ["birth certificate"],
    },
}


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("商标注册", ["商标", "标注", "注册"]),
        ("私の商標", ["私の", "の商", "商標"]),
        ("どうすれば", []),
        ("노동허가 IRC", ["노동", "동허", "허가", "irc"]),
        ("IRC認証", ["irc", "認証"]),
        ("税 5年", ["税", "年"]),
        ("", []),
    ],
)
def test_pairs_of_signs(text: str, pairs: list[str]) -> None:
    assert sign_pairs(text) == pairs


def test_a_pair_counts_once_and_what_stands_around_everything_little() -> None:
    query = SignAnalyzer(common={"多少": 0.1}).query("商标 商标 多少 H49.33-250421-0001")
    assert query.words == ("商标", "多少")
    assert query.weights == (1.0, 0.1)


@pytest.mark.parametrize(
    ("text", "language", "code"),
    [
        ("自社ブランドの商標をベトナムで登録した場合、証明書の有効期間は何年ですか。", "ja", "1.015002"),
        ("我想问一下外国人的劳动许可证丢了怎么办", "zh", "1.014199"),
        ("아기가 태어났는데 출생신고는 어디서 하나요", "ko", "1.001193"),
    ],
)
def test_a_name_inside_a_long_message_is_found_without_an_encoder(
    text: str, language: str, code: str
) -> None:
    finder = Finder(SERVED, CITIZENS, {"vi": Analyzer("vi"), "en": Analyzer("en")})
    assert finder.find(text, language).procedures[0].code == code


def test_a_question_without_a_subject_is_about_what_was_talked_of() -> None:
    signs = SignAnalyzer(common=dict.fromkeys(sign_pairs("需要什么材料劳动许可证"), 0.1))
    finder = Finder(SERVED, CITIZENS, {"vi": Analyzer("vi"), "en": Analyzer("en"), "other": signs})
    asked = finder.find("需要什么材料？", "zh")
    assert asked.decision == "none" and not asked.procedures
    assert finder.find("劳动许可证", "zh").procedures[0].code == "1.014199"
