"""Pipeline step 2: the language to answer in (`language`), and an entity where the message shows its own."""

from __future__ import annotations

from typing import Any, Optional

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.conversation import remembered
from bot.components.storage import data_folder, load_json, save_json
from bot.components.timing import is_payload, timed
from bot.understanding import data
from bot.understanding.language import LanguageIdentifier
from bot.understanding.language_training import train_identifier
from troly.settings import settings

HINT = 2.2
"""The evidence of a hint word: just enough to decide alone."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class LanguageIdentification(GraphComponent):
    """Sets `language`: vi, en, zh, ko, ja or other; the conversation's where the message says nothing."""

    def __init__(
        self,
        config: dict[str, Any],
        identifier: LanguageIdentifier,
        storage: ModelStorage,
        resource: Resource,
    ) -> None:
        self._config = config
        self._identifier = identifier
        self._storage = storage
        self._resource = resource

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> LanguageIdentification:
        """An identifier that knows scripts only, until it is trained."""
        return cls(config, LanguageIdentifier(), model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> LanguageIdentification:
        """The trained identifier."""
        state = load_json(model_storage, resource)
        identifier = LanguageIdentifier.from_dict(state) if state else LanguageIdentifier()
        return cls(config, identifier, model_storage, resource)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Rasa trains this component again when the languages or names change."""
        return data.fingerprint(data_folder(config), "languages.yml", "procedures.yml", "places.yml")

    def train(self, training_data: TrainingData) -> Resource:
        """Learns the words of each language from the sentences and the everyday names."""
        root = data_folder(self._config)
        texts: dict[str, list[str]] = {"vi": [], "en": []}
        for message in training_data.intent_examples:
            language = ((message.get("metadata") or {}).get("intent") or {}).get("language")
            if language in texts:
                texts[language].append(message.get(TEXT))
        for names in data.citizens_names(root).values():
            for language in texts:
                texts[language] += names.get(language, [])
        self._identifier = train_identifier(texts["vi"], texts["en"])
        self._identifier.hints = {
            word: weight
            for language, weight in (("vi", HINT), ("en", -HINT))
            for word in data.hint_words(root, language)
        }
        self._identifier.neutral = data.neutral_words(root)
        self._identifier.borrowed = data.borrowed(root)
        save_json(self._storage, self._resource, self._identifier.to_dict())
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Training sentences know their language."""
        return training_data

    def process(
        self, messages: list[Message], tracker: Optional[DialogueStateTracker] = None
    ) -> list[Message]:
        """Sets `language`, in which the message is to be answered; the entity `language` and
        `language_seen` only where the message itself gives evidence."""
        for message in messages:
            with timed(message, "language"):
                # The text as written: writing teencode out already presumes a language.
                seen = None if is_payload(message) else self._identifier.identify(message.get(TEXT) or "")
                message.set("language_seen", seen)
                language = seen or language_so_far(message, tracker) or settings().default_language
                message.set("language", language, add_to_output=True)
                if seen:
                    entity = {
                        "entity": "language",
                        "value": seen,
                        "start": 0,
                        "end": len(message.get(TEXT) or ""),
                    }
                    entities = [
                        *(message.get(ENTITIES) or []),
                        {**entity, "extractor": "LanguageIdentification"},
                    ]
                    message.set(ENTITIES, entities, add_to_output=True)
        return messages


def language_so_far(message: Message, tracker: Optional[DialogueStateTracker]) -> str | None:
    """The conversation's language, or what the channel told with the message."""
    slot = remembered(tracker, "language")
    return slot or (message.get("metadata") or {}).get("language_hint")
