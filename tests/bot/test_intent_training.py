"""The intent model is trained once for the same sentences, here or ahead in another process."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot import intent_training
from bot.intent_training import started_ahead, train_intents
from bot.understanding import features
from bot.understanding.augment import augment
from bot.understanding.data import Sentence
from bot.understanding.intents import IntentModel
from bot.understanding.stories import Stories
from troly.settings import ROOT

pytestmark = pytest.mark.usefixtures("own_cache")
SENTENCES = [
    Sentence(f"{words} {number}", intent, language)
    for number in ("khai sinh", "kết hôn", "hộ chiếu", "tạm trú", "đất đai", "xe máy")
    for words, intent, language in (
        ("lệ phí bao nhiêu", "ask_fee", "vi"),
        ("how much is", "ask_fee", "en"),
        ("nộp ở đâu", "ask_place", "vi"),
        ("where do I go for", "ask_place", "en"),
    )
]
DATA = ROOT / "nlu_data"


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of rows of each real training."""
    rows: list[int] = []
    train = IntentModel.train.__func__  # type: ignore[attr-defined]

    def counted(cls: type[IntentModel], texts: Sequence[str], *args: object, **more: object) -> IntentModel:
        rows.append(len(texts))
        model: IntentModel = train(cls, texts, *args, **more)
        return model

    monkeypatch.setattr(IntentModel, "train", classmethod(counted))
    return rows


def test_the_same_sentences_are_trained_once_and_answer_alike(trainings: list[int]) -> None:
    first, second = (train_intents(DATA, SENTENCES) for _ in range(2))
    assert len(trainings) == 1
    for text in ("lệ phí kết hôn", "where do i go", "gì đó khác"):
        assert first.ranking(text) == second.ranking(text)
    assert second.ranking("lệ phí kết hôn bao nhiêu")[0][0] == "ask_fee"


def test_a_new_sentence_is_learned_and_the_others_are_not_read_again(
    trainings: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    train_intents(DATA, SENTENCES)
    read: list[str] = []
    grams = features.grams
    monkeypatch.setattr(features, "grams", lambda text: read.append(text) or grams(text))
    model = train_intents(DATA, [Sentence("xin chào bạn nhé", "greet", "vi"), *SENTENCES])
    assert len(trainings) == 2
    assert "greet" in model.labels
    assert 0 < len(read) < 12 < trainings[1]


def test_a_model_is_the_same_whether_its_copies_were_kept_or_made(
    trainings: list[int], tmp_path: Path
) -> None:
    train_intents(DATA, SENTENCES[4:])
    partly = train_intents(DATA, SENTENCES)
    shutil.rmtree(tmp_path / "cache")
    anew = train_intents(DATA, SENTENCES)
    assert len(trainings) == 3 and trainings[1] == trainings[2]
    for text in ("lệ phí kết hôn", "where do i go", "bao nhieu"):
        assert dict(partly.ranking(text)) == pytest.approx(dict(anew.ranking(text)), abs=0.02)


def test_copies_behind_other_stories_are_made_anew() -> None:
    once, now = (
        Stories(
            [Sentence(f"{story} thứ {number}", "ask_procedure", "vi") for number in range(400)],
            lambda text, language: "bao nhiêu" in text,
        )
        for story in ("em vừa cưới xong lần", "nhà em mua mảnh vườn")
    )
    intent_training._copies(SENTENCES, {}, {}, once, 1, "")
    made = augment(SENTENCES, {}, {}, 1, now)
    assert intent_training._copies(SENTENCES, {}, {}, now, 1, "") == made
    assert any("mảnh vườn" in row.text for row in made) and not any("cưới xong" in row.text for row in made)


@pytest.mark.parametrize("changed", [{"seed": 1}, {"temperature": 2.0}])
def test_another_seed_or_temperature_is_another_model(trainings: list[int], changed: dict[str, int]) -> None:
    train_intents(DATA, SENTENCES)
    train_intents(DATA, SENTENCES, **changed)
    assert len(trainings) == 2


def test_the_copies_of_a_sentence_do_not_hang_on_its_neighbours() -> None:
    def copies(sentences: Sequence[Sentence]) -> set[str]:
        rows = augment(sentences, {"ko": "không"}, {"vi": ["khai sinh"], "en": ["birth"]})
        return {row.text for row in rows if sentences[row.group] == SENTENCES[5]}

    assert copies(SENTENCES) == copies([Sentence("mới thêm", "greet", "vi"), *SENTENCES[4:]])
    assert len(copies(SENTENCES)) > 1


def test_the_program_needs_neither_rasa_nor_tensorflow() -> None:
    asked = "import sys, bot.intent_training; print({'rasa', 'tensorflow'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "set()"


def test_a_training_does_not_outlive_what_it_was_started_for(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def remembered(*args: object, **more: object) -> subprocess.Popen[bytes]:
        started.append(popen([sys.executable, "-c", "import time; time.sleep(60)"]))
        return started[0]

    monkeypatch.setattr(intent_training.os, "sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(intent_training.subprocess, "Popen", remembered)
    with started_ahead():
        assert started[0].poll() is None
    assert started[0].poll() is not None


def test_one_core_alone_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intent_training.os, "sched_getaffinity", lambda _: {0})
    monkeypatch.setattr(intent_training.subprocess, "Popen", lambda *_, **__: pytest.fail("started"))
    with started_ahead():
        pass
