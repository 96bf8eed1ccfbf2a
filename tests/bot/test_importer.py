"""What Rasa gets from us is what it would read from its own files."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import yaml

from bot import assistant, training_data
from bot.importer import CONFIG, AssistantImporter


@pytest.fixture(scope="module")
def ours() -> AssistantImporter:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return AssistantImporter()


def test_domain_and_rules_are_those_of_rasas_reader(ours: AssistantImporter, tmp_path: Path) -> None:
    assistant.write(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from rasa.shared.importers.rasa import RasaFileImporter

        # Rasa's reader also checks both files against its schemas and raises where they do not fit.
        rasa = RasaFileImporter(str(CONFIG), str(tmp_path / "domain.yml"), [str(tmp_path / "rules.yml")])
        domain, rules = rasa.get_domain(), rasa.get_stories()
    assert ours.get_domain().as_dict() == domain.as_dict()
    assert ours.get_domain().fingerprint() == domain.fingerprint()
    assert len(rules.story_steps) > 50
    assert ours.get_stories().fingerprint() == rules.fingerprint()


def test_every_sentence_comes_once_with_its_intent_and_language(ours: AssistantImporter) -> None:
    messages = ours.get_nlu_data().intent_examples
    found = [
        (message.get("intent"), message.get("metadata")["intent"]["language"], message.get("text"))
        for message in messages
    ]
    assert found == training_data.sentences()
    assert len(set(found)) == len(found) > 5_000


def test_sentences_are_ordered_and_lose_their_square_brackets(tmp_path: Path) -> None:
    for name, lines in (("vi/greet", ["chào [bạn]", "chào  (bạn)", "alo"]), ("en/greet", ["hi"])):
        path = tmp_path / f"{name}.yml"
        path.parent.mkdir()
        path.write_text(yaml.safe_dump({"sentences": lines}, allow_unicode=True), encoding="utf-8")
    assert training_data.sentences(tmp_path) == [
        ("greet", "en", "hi"),
        ("greet", "vi", "chào (bạn)"),
        ("greet", "vi", "alo"),
    ]


def test_the_configuration_has_what_rasa_would_otherwise_write_into_it(ours: AssistantImporter) -> None:
    assert {"recipe", "assistant_id", "language", "pipeline", "policies"} <= ours.get_config().keys()
