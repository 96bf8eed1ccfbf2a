"""Names out of messages: the matter without greeting, politeness, questions and personal data."""

from __future__ import annotations

import random

import pytest
import yaml

from console.review.known import FOLDER, known
from console.review.naming import candidates
from troly import masking
from troly.learning import folded
from troly.text import fold, strip_accents


def said(text: str, language: str = "vi") -> list[str]:
    """The names, as the queue would offer them: of the masked message."""
    return candidates(masking.mask(text), language, known().wording)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "Dạ em chào anh chị ạ, nhà em vừa mua lại miếng đất của bác hàng xóm, hai bên viết giấy tay rồi, "
            "giờ muốn sang tên sổ đỏ thì cần giấy tờ gì và tốn bao nhiêu tiền ạ",
            "sang tên sổ đỏ",
        ),
        (
            "Cho mình hỏi thủ tục nhập khẩu cho con mới sinh vào hộ khẩu nhà bà ngoại thì nộp ở đâu, "
            "mất bao lâu?",
            "nhập khẩu cho con mới sinh vào hộ khẩu",
        ),
        ("xin hỏi lệ phí làm lại căn cước bị mất là bao nhiêu tiền vậy ạ", "làm lại căn cước bị mất"),
        (
            "Em chào ad. Chồng em là người Hàn Quốc, tụi em định đăng ký kết hôn ở phường thì cần gì ạ",
            "đăng ký kết hôn",
        ),
        ("mình muốn mở quán cà phê nhỏ tại nhà thì phải xin giấy phép gì không ạ?", "mở quán cà phê nhỏ"),
        ("cho hỏi", None),
        ("em cảm ơn anh chị nhiều ạ", None),
        ("bao nhiêu tiền vậy ạ, nộp ở đâu", None),
    ],
)
def test_the_matter_of_a_vietnamese_message_is_among_its_names(text: str, name: str | None) -> None:
    names = said(text)
    if name is None:
        assert names == []
    else:
        assert any(name in one for one in names), names
    for one in names:
        words = fold(one).split()
        assert len(words) <= 10
        assert not {"a", "da", "oi"} & {words[0], words[-1]}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cho em hoi le phi lam lai can cuoc bi mat la bao nhieu tien a", "lam lai can cuoc bi mat"),
        ("em muon ban hang rong thi can giay to gi", "ban hang rong"),
        ("anh chi cho hoi ma so thue ca nhan dang ky o dau", "ma so thue ca nhan dang ky"),
        ("toi muon nhan con nuoi thi lam the nao", "nhan con nuoi"),
    ],
)
def test_without_marks_words_that_belong_together_stay_together(text: str, name: str) -> None:
    names = said(text)
    assert any(name in one for one in names), names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "how much does it cost to register a motorbike bought from a friend?",
            "register a motorbike bought",
        ),
        (
            "Hello, I would like to know what papers I need. My wife and I recently adopted a girl from an "
            "orphanage",
            "adopted a girl",
        ),
        ("Hi, where do I renew my temporary residence card please", "renew my temporary residence card"),
        ("how long does it take?", None),
    ],
)
def test_the_matter_of_an_english_message_is_among_its_names(text: str, name: str | None) -> None:
    names = said(text, "en")
    assert (names == []) if name is None else any(name in one for one in names), names


@pytest.mark.parametrize(
    "text",
    [
        "tôi tên là Nguyễn Văn An, sđt 0912345678, muốn làm giấy khai sinh cho con",
        "Em là Trần Thị Bình sinh ngày 12/3/1990 ở số nhà 12 đường Trần Phú muốn xin giấy khai sinh",
        "toi ten la nguyen van an so cccd 001090012345 can trich luc giay khai sinh gui qua an@example.vn",
        "my name is Nguyen Van An, phone 0912345678, I lost my birth certificate giay khai sinh",
    ],
)
def test_no_personal_data_and_none_of_its_cues_get_into_a_name(text: str) -> None:
    names = said(text, "en" if text.startswith("my") else "vi")
    assert any("khai sinh" in fold(name) for name in names), names
    for name in names:
        assert masking.find(name) == []
        plain = fold(name)
        for word in ("nguyen", "an@", "0912", "binh", "1990", "0010", "tran phu", "[", "ten la", "sdt"):
            assert word not in plain, name


def test_equal_messages_give_equal_names_and_hostile_ones_do_no_harm() -> None:
    for text in (
        "",
        " ",
        "((((",
        "a" * 5000,
        "?! " * 2000,
        "x, " * 3000,
        "[phone]" * 500,
        "ạ " * 3000,
        "\x00\u202e<b>",
    ):
        assert said(text) == said(text)
        assert all(len(name) <= 120 for name in said(text))


def test_chinese_and_korean_clauses_are_names_as_they_are() -> None:
    assert said("你好，开餐厅要的卫生许可", "zh")[-1] == "开餐厅要的卫生许可"


WRAPPED = {
    "vi": "Dạ em chào anh chị ạ, cho em hỏi {} thì cần giấy tờ gì và hết bao nhiêu tiền ạ",
    "en": "Hello, I would like to know how much {} costs and where to go, thank you",
}


@pytest.mark.parametrize(("language", "marks"), [("vi", True), ("vi", False), ("en", True)])
def test_what_citizens_call_a_procedure_comes_out_of_the_words_around_it(language: str, marks: bool) -> None:
    entries = yaml.load((FOLDER / "procedures.yml").read_bytes(), yaml.CSafeLoader)
    names = [name for entry in entries for name in entry.get(language) or () if "," not in name]
    exact = close = 0
    drawn = random.Random(1).sample(names, 300)
    for name in drawn:
        text = WRAPPED[language].format(name)
        found = candidates(text if marks else strip_accents(text), language, known().wording)
        words = set(folded(name).split())
        likeness = [
            len(words & set(one.split())) / len(words | set(one.split())) for one in map(folded, found)
        ]
        exact += 1.0 in likeness
        close += max(likeness, default=0) >= 0.6
    print(f"{language}, marks {marks}: exact {exact / 300:.0%}, nearly {close / 300:.0%}")
    assert exact >= 150 and close >= 260, (exact, close)
