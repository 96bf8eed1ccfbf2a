"""Pipeline step 3: Vietnamese marks put back where they are missing (`text_restored`)."""

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
from bot.components.timing import normalized, timed
from bot.understanding import data, served
from bot.understanding.diacritics import Restorer, is_unaccented

_SENTENCES, _NAMES, _CATALOGUE, _PLACES = 3, 3, 1, 3
"""How often a text of each kind counts: citizens' own words more than officialese."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class DiacriticRestorer(GraphComponent):
    """Sets `text_restored` on messages in Vietnamese that have (almost) no marks."""

    def __init__(
        self, config: dict[str, Any], restorer: Restorer, storage: ModelStorage, resource: Resource
    ) -> None:
        self._config = config
        self._restorer = restorer
        self._storage = storage
        self._resource = resource

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> DiacriticRestorer:
        """A restorer that changes nothing until it is trained."""
        return cls(config, Restorer(), model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> DiacriticRestorer:
        """The trained restorer."""
        state = load_json(model_storage, resource)
        return cls(config, Restorer.from_dict(state) if state else Restorer(), model_storage, resource)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Rasa trains this component again when names or the catalogue change."""
        return data.fingerprint(data_folder(config), "procedures.yml", "places.yml") + served.fingerprint()

    def train(self, training_data: TrainingData) -> Resource:
        """Counts syllables and their pairs in sentences, everyday names, the catalogue and places."""
        root = data_folder(self._config)
        texts: list[tuple[str, int]] = []
        for message in training_data.intent_examples:
            text = normalized(message)
            if ((message.get("metadata") or {}).get("intent") or {}).get(
                "language"
            ) == "vi" and not text.isascii():
                texts.append((text, _SENTENCES))
        for names in data.citizens_names(root).values():
            texts += [(name, _NAMES) for name in names.get("vi", [])]
        for item in served.names():
            texts += [(item.name, _CATALOGUE), (item.field, _CATALOGUE)]
        texts += [(str(place), _PLACES) for place in data.read_yaml(root / "places.yml") or []]
        self._restorer = Restorer.train(texts)
        save_json(self._storage, self._resource, self._restorer.to_dict())
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Training sentences have their marks."""
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets `text_restored` where it differs from the normalized text."""
        for message in messages:
            with timed(message, "diacritics"):
                text = normalized(message)
                # Writing short forms out brings marks into a message that had none ("lam lai cccd").
                bare = is_unaccented(text) or is_unaccented(message.get(TEXT) or "")
                if message.get("language_seen") in {"vi", None} and bare:
                    message.set("text_restored", self._restorer.restore(text), add_to_output=True)
        return messages
