"""Pipeline step 8: a message that seems to be about no procedure may go on with the one that is talked of."""

from __future__ import annotations

from typing import Any, Optional

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import INTENT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.conversation import remembered
from bot.components.encoding import query_vector
from bot.components.ranking import confidences, intent_of, put_first
from bot.components.storage import data_folder, needing_intents
from bot.components.timing import is_payload, normalized, timed
from bot.follow_up_training import load_follow_ups, save_follow_ups, train_follow_ups
from bot.understanding import data
from bot.understanding.follow_ups import LIKELY, FollowUps
from bot.understanding.scope import OUT_OF_SCOPE
from bot.understanding.tokens import is_cjk

_USUAL = "ask_requirements"
_SURELY_OUTSIDE, _LIKELY_ASPECT = 0.87, 0.2
"""Without an encoder: from this probability on a message is out of scope whatever was talked of. And from
that on an aspect is the one that is asked for."""
_SAID = 0.95
"""An intent that is this sure, and not out of scope, is what the message means."""
_ANSWERS = frozenset({"affirm", "deny", "greet", "thank", "goodbye", "cancel", "inform_application_code"})
"""What is said to the assistant, or answers it."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class FollowUpDecision(GraphComponent):
    """Sets `follow_up`, the question about what is talked of that a message out of scope may be; a message
    of another intent becomes that question.
    """

    def __init__(
        self,
        config: dict[str, Any],
        storage: ModelStorage,
        resource: Resource,
        model: FollowUps | None = None,
    ) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource
        self._model = model
        self._needing = needing_intents(data_folder(config))

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> FollowUpDecision:
        """A component that must be trained."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> FollowUpDecision:
        """The trained component."""
        return cls(config, model_storage, resource, load_follow_ups(model_storage, resource))

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Rasa trains this component again when the further messages or short forms change."""
        return data.fingerprint(data_folder(config), "teencode.yml", "follow_ups.yml")

    def train(self, training_data: TrainingData) -> Resource:
        """Trains on follow_ups.yml, and on the sentences that are about no procedure."""
        others = [
            normalized(message)
            for message in training_data.intent_examples
            if message.get(INTENT) not in self._needing
        ]
        self._model = train_follow_ups(data_folder(self._config), others)
        save_follow_ups(self._storage, self._resource, self._model)
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Nothing is trained after it."""
        return training_data

    def process(
        self, messages: list[Message], tracker: Optional[DialogueStateTracker] = None
    ) -> list[Message]:
        """Looks at messages in a conversation in which a procedure, or a choice of them, is open."""
        talked_of = _talked_of(tracker)
        for message in messages:
            with timed(message, "follow_up"):
                asked = self._asked(message) if talked_of and not is_payload(message) else ""
                if asked and intent_of(message) != OUT_OF_SCOPE:
                    put_first(message, asked, _confidence(message))
                    message.set("procedures", [], add_to_output=True)
                    asked = ""
                message.set("follow_up", asked, add_to_output=True)
        return messages

    def _asked(self, message: Message) -> str:
        """The question that the message may be; "" where it is none.

        It is mostly about the requirements, where no other question is likelier.
        """
        name, confidence = intent_of(message), _confidence(message)
        outside = name == OUT_OF_SCOPE
        if name in self._needing | _ANSWERS or (not outside and confidence >= _SAID):
            return ""
        if not self._goes_on(message, confidence, outside):
            return ""
        likely = (intent for intent, share in confidences(message).items() if share >= _LIKELY_ASPECT)
        return next((intent for intent in likely if intent in self._needing), _USUAL)

    def _goes_on(self, message: Message, confidence: float, outside: bool) -> bool:
        text = normalized(message)
        vector = None
        if self._model is not None and not is_cjk(text):
            vector = query_vector(message.get("text_restored") or text)
        if self._model is None or vector is None:
            return outside and confidence < _SURELY_OUTSIDE
        message.set("encoded", True, add_to_output=True)
        return self._model.probability(vector, confidence, outside=outside) >= LIKELY


def _confidence(message: Message) -> float:
    return float((message.get(INTENT) or {}).get("confidence") or 0.0)


def _talked_of(tracker: DialogueStateTracker | None) -> bool:
    if tracker is None or tracker.active_loop_name:
        return False
    return any(remembered(tracker, slot) for slot in ("procedure_code", "choices"))
