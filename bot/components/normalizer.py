"""Pipeline step 1: one clean, uniform text (`text_normalized`); the original stays."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.storage import data_folder, load_json, save_json
from bot.components.timing import is_payload, timed
from bot.understanding import data
from bot.understanding.normalize import Meaning, Normalizer, make_normalizer


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class TextNormalizer(GraphComponent):
    """Writes `text_normalized`: NFC, tone marks placed, teencode written out, codes untouched."""

    def __init__(self, normalizer: Normalizer, storage: ModelStorage, resource: Resource) -> None:
        self._normalizer = normalizer
        self._storage = storage
        self._resource = resource

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> TextNormalizer:
        """A normalizer from nlu_data/teencode.yml."""
        root = data_folder(config)
        normalizer = make_normalizer(*data.short_forms(root), data.hint_words(root, "en"))
        return cls(normalizer, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> TextNormalizer:
        """The normalizer as it was trained."""
        state = load_json(model_storage, resource) or {"plain": {}, "ambiguous": {}, "english": []}
        ambiguous = {
            token: [Meaning(text, frozenset(before), frozenset(after)) for text, before, after in readings]
            for token, readings in state["ambiguous"].items()
        }
        normalizer = make_normalizer(state["plain"], ambiguous, frozenset(state["english"]))
        return cls(normalizer, model_storage, resource)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Rasa trains this component again when the short forms change."""
        return data.fingerprint(data_folder(config), "teencode.yml", "languages.yml")

    def train(self, training_data: TrainingData) -> Resource:
        """Stores the short forms with the model."""
        ambiguous = {
            token: [[reading.text, sorted(reading.before), sorted(reading.after)] for reading in readings]
            for token, readings in self._normalizer.ambiguous.items()
        }
        state = {"plain": dict(self._normalizer.plain), "ambiguous": ambiguous}
        save_json(self._storage, self._resource, {**state, "english": sorted(self._normalizer.english)})
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Training sentences get their normalized text too."""
        for message in training_data.training_examples:
            message.set("text_normalized", self._normalizer.normalize(message.get(TEXT) or ""))
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets `text_normalized`."""
        for message in messages:
            with timed(message, "normalizer"):
                text = message.get(TEXT) or ""
                made = "" if is_payload(message) else self._normalizer.normalize(text)
                message.set("text_normalized", made, add_to_output=True)
        return messages
