"""What Rasa does anew for each turn although it is known."""

from __future__ import annotations

import copy
from typing import Any

import rasa.core.actions.action
from rasa.core.actions.action import Action, ActionExtractSlots, ActionListen, RemoteAction
from rasa.core.policies.policy import PolicyPrediction
from rasa.shared.core.constants import (
    ACTION_VALIDATE_SLOT_MAPPINGS,
    MAPPING_TYPE,
    SlotMappingType,
)
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    BotUttered,
    DefinePrevUserUtteredFeaturization,
    Event,
    FollowupAction,
    LoopInterrupted,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker

_RASA_APPLIED = DialogueStateTracker.applied_events
_RASA_EMPTY = Domain.is_empty
_RASA_EXTRACTS = ActionExtractSlots.run
_RASA_ACTION = rasa.core.actions.action.action_for_name_or_text

_BEGINNINGS = frozenset({Restarted, SessionStarted})
_UNDO_NOTHING = _BEGINNINGS | {
    ActionExecuted, ActionExecutionRejected, BotUttered, DefinePrevUserUtteredFeaturization, FollowupAction,
    LoopInterrupted, SlotSet, UserUttered,
}  # fmt: skip

_IS_EMPTY = "_known_to_be_empty"
_FILLED = "_with_slots_that_messages_fill"
_ACTIONS = "_actions_by_name"
"""Attributes of a domain, which does not change once it is made."""
_MOST = "_known_maximum"
"""Attribute of a prediction, which does not change either."""
_STATELESS = (ActionListen, RemoteAction)
"""Actions that hold nothing but their name and the endpoint, and are nearly all of ours."""


def apply() -> None:
    """Install the shortcuts; calling it again changes nothing."""
    DialogueStateTracker.applied_events = applied_events
    Domain.is_empty = is_empty
    ActionExtractSlots.run = extract_slots
    PolicyPrediction.max_confidence = property(max_confidence)
    rasa.core.actions.action.action_for_name_or_text = action_of


def applied_events(self: DialogueStateTracker) -> list[Event]:
    """As Rasa's, which asks of each event whether it undoes others: at most turns nothing does."""
    begin = 0
    for place, event in enumerate(self.events):
        kind = type(event)
        if kind in _BEGINNINGS:
            begin = place + 1
        elif kind not in _UNDO_NOTHING and not (kind is ActiveLoop and not event.name):
            found: list[Event] = _RASA_APPLIED(self)
            return found
    return list(self.events)[begin:]


def is_empty(self: Domain) -> bool:
    """As Rasa's, which makes an empty domain and compares all of both for each message."""
    if _IS_EMPTY not in vars(self):
        setattr(self, _IS_EMPTY, _RASA_EMPTY(self))
    return bool(getattr(self, _IS_EMPTY))


def max_confidence(self: PolicyPrediction) -> float:
    """As Rasa's, which looks through all actions eight times for a prediction."""
    known: float | None = vars(self).get(_MOST)
    if known is None:
        known = max(self.probabilities, default=0.0)
        setattr(self, _MOST, known)
    return known


def action_of(name: str, domain: Domain, action_endpoint: Any) -> Action:
    """As Rasa's, which makes all its default actions to find one by its name."""
    known: dict[tuple[str, int], tuple[Action, Any]] = vars(domain).setdefault(_ACTIONS, {})
    found = known.get((name, id(action_endpoint)))
    if found is not None and found[1] is action_endpoint:
        return found[0]
    made: Action = _RASA_ACTION(name, domain, action_endpoint)
    if type(made) in _STATELESS:
        known[name, id(action_endpoint)] = made, action_endpoint
    return made


async def extract_slots(
    self: ActionExtractSlots, output_channel: Any, nlg: Any, tracker: DialogueStateTracker, domain: Domain
) -> list[Event]:
    """As Rasa's, for the slots alone that a message can fill: nearly all of ours are set by actions."""
    if _FILLED not in vars(domain):
        setattr(domain, _FILLED, _with_slots_that_messages_fill(domain))
    events: list[Event] = await _RASA_EXTRACTS(self, output_channel, nlg, tracker, getattr(domain, _FILLED))
    return events


def _with_slots_that_messages_fill(domain: Domain) -> Domain:
    if ACTION_VALIDATE_SLOT_MAPPINGS in domain.user_actions:
        return domain  # which is shown all slots
    made = copy.copy(domain)
    made.slots = [slot for slot in domain.slots if not _left_to_actions(slot)]
    return made


def _left_to_actions(slot: Slot) -> bool:
    return all(
        mapping.get(MAPPING_TYPE) == str(SlotMappingType.CUSTOM) and not mapping.get("action")
        for mapping in slot.mappings
    )
