"""What Rasa does anew for each turn although it is known, or for lines of the log that nobody reads."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import rasa.core.policies.rule_policy
import rasa.core.processor
from rasa.core.actions.action import ActionExtractSlots
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

_BEGINNINGS = frozenset({Restarted, SessionStarted})
_UNDO_NOTHING = _BEGINNINGS | {
    ActionExecuted, ActionExecutionRejected, BotUttered, DefinePrevUserUtteredFeaturization, FollowupAction,
    LoopInterrupted, SlotSet, UserUttered,
}  # fmt: skip

_IS_EMPTY = "_known_to_be_empty"
_FILLED = "_with_slots_that_messages_fill"
"""Attributes of a domain, which does not change once it is made."""


def apply() -> None:
    """Install the shortcuts; calling it again changes nothing."""
    DialogueStateTracker.applied_events = applied_events
    Domain.is_empty = is_empty
    ActionExtractSlots.run = extract_slots
    # They copy nothing but what a debug line shows, which is not written.
    uncopied = SimpleNamespace(deepcopy=lambda value: value)
    for module in (rasa.core.processor, rasa.core.policies.rule_policy):
        setattr(module, "copy", uncopied)  # noqa: B010 - mypy knows it as another module


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
