"""What is answered before anything else, whatever form is open and whatever the intent seems to be.

Danger to life; the code of a field report; a verdict on the answer before; and what the system itself has
to tell (intents tell_…). A form that was open stays open and is not asked again: the next message goes to it.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from rasa.core.featurizers.precomputation import MessageContainerForCoreFeaturization
from rasa.core.featurizers.tracker_featurizers import TrackerFeaturizer
from rasa.core.policies.policy import Policy, PolicyPrediction
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted
from rasa.shared.core.generator import TrackerWithCachedStates
from rasa.shared.core.trackers import DialogueStateTracker

from troly.emergencies import emergency_in
from troly.report_codes import asks_about_report
from troly.verdicts import verdict_in

_ABOVE_RULES = 7
"""RulePolicy has 6."""

_ANSWERS = frozenset({"action_emergency", "action_report_status", "action_rate"})
_TELLS = "action_tell_"

_LEADS = frozenset(
    {"action_affirm", "action_answer_procedure", "action_cancel", "action_deny", "action_out_of_scope"}
)
_LED_TO = frozenset({"action_erase_my_data", "action_rate", "action_report_status"})
"""Actions that hand a message over, and those that answer it then: no rule tells what comes after."""

_VERDICTS = frozenset(
    {"complain_service", "rate_service", "deny", "affirm", "thank", "abuse", "out_of_scope"}
)
"""What a short verdict on an answer ("câu trả lời sai") is taken for."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class InterjectionPolicy(Policy):
    """Predicts the interjection's action, and after it the wait for the next message."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Before the rules."""
        return {"priority": _ABOVE_RULES, "max_history": 1}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> InterjectionPolicy:
        """A policy; nothing is learned."""
        return cls(config, model_storage, resource, execution_context)

    load = create

    def _create_featurizer(self) -> TrackerFeaturizer | None:
        return None

    def train(
        self,
        training_trackers: list[TrackerWithCachedStates],
        domain: Domain,
        **kwargs: Any,
    ) -> Resource:
        """Nothing is learned."""
        return self._resource

    def predict_action_probabilities(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        rule_only_data: dict[str, Any] | None = None,
        precomputations: MessageContainerForCoreFeaturization | None = None,
        **kwargs: Any,
    ) -> PolicyPrediction:
        """Certain of the action where there is one, else without an opinion."""
        wanted = _interjection(tracker, domain)
        if wanted is None:
            return self._prediction(self._default_predictions(domain))
        action = ACTION_LISTEN_NAME if tracker.latest_action_name == wanted else wanted
        certain = [0.0] * domain.num_actions
        certain[domain.index_for_action(action)] = 1.0
        # An open form would otherwise take the message for its own.
        return self._prediction(certain, is_no_user_prediction=True)


def _interjection(tracker: DialogueStateTracker, domain: Domain) -> str | None:
    """The action for the latest message, while nothing else was done about it."""
    latest = tracker.latest_message
    if latest is None:
        return None
    done = tracker.latest_action_name or ACTION_LISTEN_NAME
    if done in _LED_TO and _action_before(tracker) in _LEADS:
        return str(done)
    if done != ACTION_LISTEN_NAME and done not in _ANSWERS and not done.startswith(_TELLS):
        return None  # and the message need not be read again
    intent, text = latest.intent.get("name") or "", latest.text or ""
    if intent.startswith("tell_"):
        action = f"action_{intent}"
    elif text.startswith("/"):
        return None
    elif emergency_in(text):
        action = "action_emergency"
    elif asks_about_report(text):
        action = "action_report_status"
    elif intent in _VERDICTS and tracker.active_loop_name is None and verdict_in(text):
        action = "action_rate"
    else:
        return None
    untouched = done in (ACTION_LISTEN_NAME, action)
    return action if untouched and action in domain.action_names_or_texts else None


def _action_before(tracker: DialogueStateTracker) -> str | None:
    """The action before the last one."""
    last = (event for event in reversed(tracker.events) if isinstance(event, ActionExecuted))
    before = next(islice(last, 1, None), None)
    return str(before.action_name) if before else None
