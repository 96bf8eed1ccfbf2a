"""A message that only names its subject asks for the procedure as a whole."""

from __future__ import annotations

import numpy as np
import pytest

from bot.understanding.subject import Subject, whole
from troly.settings import ROOT

LABELS = ["ask_fee", "ask_procedure", "ask_result", "greet"]
AMONG = {"ask_fee", "ask_procedure", "ask_result"}


@pytest.fixture(scope="module")
def subject() -> Subject:
    return Subject.of(ROOT / "nlu_data")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("extend tourist visa in Ha Long", "en"),
        ("Driving licence exchange", "en"),
        ("gia hạn visa du lịch", "vi"),
        ("gia hạn thẻ tạm trú cho chồng người Nhật", "vi"),
        ("tach so do", None),
    ],
)
def test_nothing_asks(subject: Subject, text: str, language: str | None) -> None:
    assert subject.alone(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("how long does a visa extension take", "en"),
        ("visa extension?", "en"),
        ("which sheet reports a missing passport", "en"),
        ("visa extension fee", "en"),
        ("Phí gia hạn visa", "vi"),
        ("gia hạn visa ở đâu", "vi"),
        ("gia han visa o dau", "vi"),
        ("gia hạn visa được hông", "vi"),
        ("gia han visa dc ko", None),
        ("签证延期", "zh"),
    ],
)
def test_something_does(subject: Subject, text: str, language: str | None) -> None:
    assert not subject.alone(text, language)


def test_the_aspects_become_the_whole_and_the_other_intents_stay() -> None:
    made = whole(np.array([0.3, 0.1, 0.4, 0.2]), LABELS, AMONG)
    assert made.tolist() == pytest.approx([0.0, 0.8, 0.0, 0.2])


def test_a_sure_classifier_knows_better() -> None:
    sure = np.array([0.7, 0.1, 0.1, 0.1])
    assert whole(sure, LABELS, AMONG) is sure


def test_without_that_intent_nothing_changes() -> None:
    some = np.array([0.5, 0.5])
    assert whole(some, ["ask_fee", "greet"], {"ask_fee"}) is some
