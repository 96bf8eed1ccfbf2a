"""The turns of a conversation as rules see them: found once for a prediction, and no more than rules look at.

Rasa replays the whole conversation for each of two readings of a message, by its text and by its intent, and
describes every turn; our longest rule has three.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from rasa.core.policies.policy import PolicyPrediction
from rasa.core.policies.rule_policy import RULES, RULES_FOR_LOOP_UNHAPPY_PATH, RulePolicy
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.events import ActionExecuted, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker

from bot import rule_index

_RASA_STATES = RulePolicy._prediction_states

_FOUND = "_states_of_this_prediction"
"""Attribute of a policy while it predicts. A training asks by another way, and is given all turns."""


def apply() -> None:
    """Let Rasa's rule policy use them; calling it again changes nothing."""
    RulePolicy.predict_action_probabilities = _Predicting.predict_action_probabilities
    RulePolicy._prediction_states = _prediction_states


class _Predicting(RulePolicy):
    """Lends its method to Rasa's: a training reads the types of what it asks, and wants none for `self`."""

    def predict_action_probabilities(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        rule_only_data: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> PolicyPrediction:
        """As Rasa's."""
        tables = (self.lookup[name] for name in (RULES, RULES_FOR_LOOP_UNHAPPY_PATH))
        setattr(self, _FOUND, last_states(tracker, domain, rule_index.longest(self, *tables)))
        try:
            prediction, _source = self._predict(tracker, domain)
        finally:
            setattr(self, _FOUND, None)
        return prediction


def last_states(tracker: DialogueStateTracker, domain: Domain, most: int) -> list[State]:
    """The last of the states that tracker.past_states(domain) finds: `most`, and at least the present one."""
    events = tracker.applied_events()
    unseen = sum(isinstance(event, ActionExecuted) for event in events) + 1 - max(1, most)
    # Rules see nothing of the other slots, which are most; nor does an event look at one to set another.
    seen = [slot for slot in tracker.slots.values() if slot.influence_conversation]
    unseen_slots = tracker.slots.keys() - {slot.name for slot in seen}
    past = DialogueStateTracker(
        tracker.sender_id, seen, tracker._max_event_history, is_rule_tracker=tracker.is_rule_tracker
    )
    states: list[State] = []
    for event in events:
        if type(event) is SlotSet and event.key in unseen_slots:
            continue
        if isinstance(event, ActionExecuted):
            if unseen > 0:
                unseen -= 1
            else:
                states.append(domain.get_active_state(past))
        past.update(event)
    states.append(domain.get_active_state(past))
    return states


def _prediction_states(
    self: RulePolicy,
    tracker: DialogueStateTracker,
    domain: Domain,
    use_text_for_last_user_input: bool = False,
    rule_only_data: dict[str, Any] | None = None,
) -> list[State]:
    """As Rasa's, of what was found."""
    found: list[State] | None = getattr(self, _FOUND, None)
    if found is None:
        all_states: list[State] = _RASA_STATES(
            self, tracker, domain, use_text_for_last_user_input, rule_only_data
        )
        return all_states
    # Rasa takes away from the last one what belongs to the other reading.
    states = [*found[:-1], {name: copy(part) for name, part in found[-1].items()}]
    self.featurizer._choose_last_user_input([states], use_text_for_last_user_input)
    return states
