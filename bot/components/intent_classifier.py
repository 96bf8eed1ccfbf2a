"""Pipeline step 5: what the citizen wants. Form first, then n-grams, the encoder where those are unsure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.conversation import remembered
from bot.components.encoding import query_vector
from bot.components.intent_storage import load_models, save_models
from bot.components.ranking import rank
from bot.components.storage import data_folder, needing_intents
from bot.components.timing import is_payload, normalized, timed
from bot.head_training import trained_head
from bot.intent_training import SEED, TEMPERATURE, train_intents
from bot.understanding import data
from bot.understanding.data import Sentence
from bot.understanding.decide import by_form, names_choice, rejected
from bot.understanding.intents import IntentModel, ranked
from bot.understanding.question import asked, question
from bot.understanding.second_opinion import EncoderHead, together
from bot.understanding.subject import Subject, whole
from bot.understanding.tokens import is_cjk

RANKING_LENGTH = 10


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class CitizenIntentClassifier(GraphComponent):
    """Sets `intent` and `intent_ranking`, and `second_intent` where encoder and words disagree."""

    def __init__(
        self,
        config: dict[str, Any],
        storage: ModelStorage,
        resource: Resource,
        model: IntentModel | None = None,
        head: EncoderHead | None = None,
        known: frozenset[str] = frozenset(),
    ) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource
        self._model = model
        self._head = head
        self._known = known
        self._needing = needing_intents(data_folder(config))
        self._subject = Subject.of(data_folder(config))

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`sure`: the probability from which n-grams decide alone; else the encoder has `encoder_weight`.

        The weights are the best under cross-validation on our sentences (3 folds: vi .877 at .6, en .848 at
        .7, Chinese, Korean and Japanese .771 at .9, for which there are few sentences to count words in).
        """
        return {
            "data": "nlu_data", "sure": 0.9, "encoder_weight": 0.6, "encoder_weight_foreign": 0.85,
            "seed": SEED, "temperature": TEMPERATURE,
        }  # fmt: skip

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> CitizenIntentClassifier:
        """A classifier that must be trained."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> CitizenIntentClassifier:
        """The trained classifier."""
        model, head, known = load_models(model_storage, resource)
        return cls(config, model_storage, resource, model, head, known)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Rasa trains this component again when names, short forms or the words that ask change."""
        files = ("teencode.yml", "procedures.yml", "carriers.yml", "places.yml")
        return data.fingerprint(data_folder(config), *files)

    def train(self, training_data: TrainingData) -> Resource:
        """Trains on the sentences and their seeded copies; the encoder's head on the sentences alone."""
        examples = training_data.intent_examples
        sentences = [_sentence(message) for message in examples]
        # Another process may be at the intent model already (started_ahead): the head meanwhile.
        texts, labels = [normalized(message) for message in examples], [one.intent for one in sentences]
        self._head = trained_head("head", texts, labels)
        seed, temperature = int(self._config["seed"]), float(self._config["temperature"])
        self._model = train_intents(data_folder(self._config), sentences, seed, temperature)
        self._known = frozenset(word for sentence in sentences for word in sentence.text.lower().split())
        save_models(self._storage, self._resource, self._model, self._head, self._known)
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Later components train without its opinion."""
        return training_data

    def process(
        self, messages: list[Message], tracker: Optional[DialogueStateTracker] = None
    ) -> list[Message]:
        """Sets intent and ranking; what is pending in the conversation may decide."""
        choices = remembered(tracker, "choices") or ()
        for message in messages:
            with timed(message, "intent"):
                ranking = [("out_of_scope", 0.0)] if is_payload(message) else self._ranking(message, choices)
                rank(message, ranking[:RANKING_LENGTH])
                _forget_language_request(message)
        return messages

    def _ranking(self, message: Message, choices: Sequence[Any]) -> list[tuple[str, float]]:
        text = normalized(message)
        if names_choice(text, choices):
            return [("affirm", 0.95)]
        entities = {entity["entity"]: entity for entity in message.get(ENTITIES) or []}
        if (decided := by_form(text, entities, bool(choices))) is not None:
            return [decided]
        if rejected(text, self._known):
            return [("out_of_scope", 0.95)]
        if self._model is None:
            return [("out_of_scope", 0.0)]
        restored = message.get("text_restored") or text
        probabilities = self._probabilities(self._model, message, text, restored)
        language = message.get("language_seen")

        def asks(words: str) -> bool:
            return bool(words) and not self._subject.alone(words, language)

        if (sentence := question(text, asks)) is not None:
            alone = self._probabilities(self._model, message, sentence, question(restored, asks) or sentence)
            probabilities = asked(probabilities, alone, self._model.labels, self._needing)
        if self._subject.alone(text, language):
            probabilities = whole(probabilities, self._model.labels, self._needing)
        return ranked(self._model.labels, probabilities)

    def _probabilities(
        self, model: IntentModel, message: Message, text: str, restored: str
    ) -> NDArray[np.float64]:
        """Of a text of the message, which `restored` is with its marks."""
        probabilities = model.probabilities(text)
        foreign = is_cjk(text)
        if self._head is None or not (foreign or probabilities.max() < float(self._config["sure"])):
            return probabilities
        vector = query_vector(restored)
        if vector is None or self._head.labels != model.labels:
            return probabilities
        weight = float(self._config["encoder_weight_foreign" if foreign else "encoder_weight"])
        second = self._head.probabilities(np.asarray(vector))
        if text == normalized(message):
            self._note_disagreement(message, probabilities, second)
        message.set("encoded", True, add_to_output=True)
        return together(probabilities, second, weight)

    def _note_disagreement(self, message: Message, first: Any, second: Any) -> None:
        """`second_intent`: the encoder's own opinion where it is another; staff look at such messages."""
        if self._model is not None and first.argmax() != second.argmax():
            message.set("second_intent", self._model.labels[int(second.argmax())], add_to_output=True)


def _sentence(message: Message) -> Sentence:
    language = ((message.get("metadata") or {}).get("intent") or {}).get("language") or "vi"
    return Sentence(message.get(TEXT), message.get(INTENT), language)


def _forget_language_request(message: Message) -> None:
    """A language named in passing ("bản dịch tiếng Anh") is no request to change to it."""
    if message.get(INTENT)["name"] != "change_language":
        kept = [entity for entity in message.get(ENTITIES) or [] if entity["entity"] != "requested_language"]
        message.set(ENTITIES, kept, add_to_output=True)
