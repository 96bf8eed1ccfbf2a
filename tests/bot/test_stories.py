"""Questions behind stories of other sentences, from which the classifier learns that the last words ask."""

from __future__ import annotations

from random import Random

from bot.understanding.data import Sentence
from bot.understanding.stories import Stories


def _asks(text: str, language: str) -> bool:
    return any(word in text for word in ("đâu", "bao nhiêu", "gì", "where"))


SENTENCES = [
    Sentence("em ở Móng Cái muốn sang bên kia buôn bán", "ask_procedure", "vi"),
    Sentence("vợ chồng tôi mới mua lại căn nhà cũ. giờ nộp ở đâu", "ask_place", "vi"),
    Sentence("tối qua uống nhiều bia quá đau đầu", "out_of_scope", "vi"),
]
STORIES = Stories(SENTENCES, _asks)


def _copies(text: str, intent: str, language: str = "vi") -> list[str]:
    return [
        copy
        for seed in range(200)
        for copy in STORIES.copies(Sentence(text, intent, language), Random(seed), 2)
    ]


def test_a_short_question_stands_behind_stories_about_procedures() -> None:
    copies = _copies("Hết bao nhiêu tiền", "ask_fee")
    told = {copy.removesuffix("hết bao nhiêu tiền").rstrip(" ,.").removesuffix(" thì") for copy in copies}
    assert told == {SENTENCES[0].text, "vợ chồng tôi mới mua lại căn nhà cũ"}


def test_only_the_last_clause_of_a_sentence_is_taken() -> None:
    copies = _copies("con tôi mất thẻ, cần giấy gì", "ask_documents")
    assert copies and all(copy.endswith("cần giấy gì") and "mất thẻ" not in copy for copy in copies)


def test_what_asks_nothing_and_what_is_no_question_about_a_procedure_has_no_copies() -> None:
    assert not _copies("đổi bằng lái", "ask_procedure")
    assert not _copies("hồ sơ của em đâu", "check_application_status")
    assert not _copies("hôm nay ăn gì", "out_of_scope")
    assert not _copies("where do I pay", "ask_fee", "en")  # nobody told a story in English


def test_copies_are_the_same_each_time() -> None:
    sentence = Sentence("nộp ở đâu", "ask_place", "vi")
    assert STORIES.copies(sentence, Random(4), 9) == STORIES.copies(sentence, Random(4), 9)
