"""The sentence that asks, and how much it decides."""

from __future__ import annotations

import numpy as np
import pytest

from bot.understanding.question import asked, question


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("lệ phí làm hộ chiếu bao nhiêu", None),
        ("Chào anh. Làm hộ chiếu hết bao nhiêu tiền?", None),
        ("Tôi mới mua xe máy cũ. Cho hỏi sang tên ở đâu?", "Cho hỏi sang tên ở đâu?"),
        ("Sang tên xe nộp ở đâu? Tôi cảm ơn nhiều ạ.", "Sang tên xe nộp ở đâu?"),
        ("Tôi bị mất bằng lái. Xin cho biết các bước làm lại.", "Xin cho biết các bước làm lại."),
        ("my wife is vietnamese\nhow long does the card take", "how long does the card take"),
        ("Hồ sơ tại TP. Hạ Long nộp ở đâu", None),
        ("", None),
    ],
)
def test_the_sentence_that_asks(text: str, sentence: str | None) -> None:
    assert question(text) == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("old type 1996, want new one. Time?", "Time?"),
        ("Làm hộ chiếu cho con 5 tuổi. Phí?", "Phí?"),
        ("I want to certify a translation - fee please", "fee please"),
        ("Làm hộ chiếu cho con mất bao lâu? Cảm ơn", None),
    ],
)
def test_a_few_words_count_where_they_ask(text: str, sentence: str | None) -> None:
    assert question(text, lambda words: words in {"Time", "Phí", "fee please"}) == sentence


LABELS = ["ask_fee", "ask_place", "greet", "out_of_scope"]


def test_the_sentence_tells_which_question_it_is() -> None:
    message, sentence = np.array([0.4, 0.2, 0.1, 0.3]), np.array([0.05, 0.9, 0.0, 0.05])
    made = asked(message, sentence, LABELS, {"ask_fee", "ask_place"})
    assert made[1] > made[0] and made.sum() == pytest.approx(1)
    assert made[:2].sum() == pytest.approx(0.6) and made[2:].tolist() == [0.1, 0.3]


def test_a_sentence_without_share_changes_nothing() -> None:
    message, sentence = np.array([0.4, 0.2, 0.1, 0.3]), np.array([0.05, 0.9, 0.0, 0.05])
    made = asked(message, sentence, LABELS, {"ask_fee", "ask_place"}, share=0.0)
    assert made == pytest.approx(message, abs=1e-3)
