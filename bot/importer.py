"""Hands the assistant and its sentences to Rasa's trainer directly.

Rasa's own importer reads YAML files that we would first have to write, several times and with a slow parser:
12 of the 35 seconds of a training.
"""

from __future__ import annotations

from typing import Any

import yaml
from rasa.shared.core.domain import Domain
from rasa.shared.core.training_data.story_reader.yaml_story_reader import YAMLStoryReader
from rasa.shared.core.training_data.structures import StoryGraph
from rasa.shared.importers.importer import TrainingDataImporter
from rasa.shared.nlu.constants import INTENT, METADATA, METADATA_INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot import assistant, training_data
from troly.settings import ROOT

CONFIG = ROOT / "bot" / "config.yml"


class _Sentence(Message):
    """A message that is told from others by its text, intent and language, all that it has.

    Rasa compares messages by fingerprints of all their parts, of which it makes 20,000 before a training.
    """

    def __hash__(self) -> int:
        return hash(self._known())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Sentence) and self._known() == other._known()

    def _known(self) -> tuple[str, str, str]:
        language: str = self.data[METADATA][METADATA_INTENT]["language"]
        return self.data[TEXT], self.data[INTENT], language


class AssistantImporter(TrainingDataImporter):
    """Domain, rules and sentences, each compiled once."""

    def __init__(self) -> None:
        # Rasa checks the domain while it is made (slots, forms), and the rules when they are trained.
        self._domain = Domain.from_dict(assistant.compile_domain())
        self._rules: StoryGraph | None = None
        self._sentences: TrainingData | None = None

    def get_domain(self) -> Domain:
        """The whole domain."""
        return self._domain

    def get_stories(self, exclusion_percentage: int | None = None) -> StoryGraph:
        """All rules; the assistant has no stories."""
        if self._rules is None:
            reader = YAMLStoryReader(self._domain, "bot/rules")
            self._rules = StoryGraph(reader.read_from_parsed_yaml(assistant.compile_rules()))
        return self._rules

    def get_nlu_data(self, language: str | None = "vi") -> TrainingData:
        """The sentences of all languages; each message says its own."""
        if self._sentences is None:
            self._sentences = TrainingData(
                [
                    _Sentence({TEXT: text, INTENT: intent, METADATA: {METADATA_INTENT: {"language": spoken}}})
                    for intent, spoken, text in training_data.sentences()
                ]
            )
        return self._sentences

    def get_config(self) -> dict[str, Any]:
        """bot/config.yml."""
        config: dict[str, Any] = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
        return config

    def get_config_file_for_auto_config(self) -> str:
        """The same as a path; Rasa must never fill it in."""
        return str(CONFIG)
