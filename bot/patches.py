"""Hot spots of Rasa 3.6.21, removed without changing what it does.

Three are here; debug_lines.py, rule_index.py, rule_states.py, stored_domain.py, tracker_copies.py,
turn_shortcuts.py and, for serving alone, graph_plan.py have the others.

Each is measured in docs/adr/0003; a test pins the version, so that an upgrade brings us back here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import rasa
import rasa.shared.utils.common
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity
from rasa.shared.nlu.constants import INTENT_RANKING_KEY

from bot import debug_lines, rule_index, rule_states, stored_domain, tracker_copies, turn_shortcuts

PINNED = "3.6.21"

_FOR_STAFF = frozenset({INTENT_RANKING_KEY, "ms_parts"})
"""Of what was understood in a message: what the console and `troly parse` show, and no action reads."""

_RASA_VALIDATES = RemoteAction._validate_action_result


def apply() -> None:
    """Install all patches; calling it again changes nothing."""
    debug_lines.apply()
    rule_index.apply()
    rule_states.apply()
    stored_domain.apply()
    tracker_copies.apply()
    turn_shortcuts.apply()
    RemoteAction._validate_action_result = _validate_action_result
    RemoteAction._action_call_format = _action_call_format
    Event.resolve_by_type = staticmethod(_resolve_by_type)


def _action_call_format(self: RemoteAction, tracker: DialogueStateTracker, domain: Domain) -> dict[str, Any]:
    """As Rasa's, with the events of the citizen's latest turn alone and the action done before it, beside the
    slots and the latest message.

    Our actions look no further back. The events of earlier turns, with all that was understood in each, were
    most of what was written, sent and read for a custom action. What was understood in this turn is told
    once, with the latest message, and of that what actions read.
    """
    turn: list[dict[str, Any]] = []
    events = reversed(tracker.events)
    for event in events:
        told = event.as_dict()
        turn.insert(0, told)
        if isinstance(event, UserUttered):
            told.pop("parse_data")
            break
    for event in events:
        if isinstance(event, UserUttered):
            break
        if isinstance(event, ActionExecuted) and event.action_name != ACTION_LISTEN_NAME:
            turn.insert(0, event.as_dict())
            break
    state = tracker.current_state(EventVerbosity.NONE) | {"events": turn}
    latest = state["latest_message"] or {}
    state["latest_message"] = {name: value for name, value in latest.items() if name not in _FOR_STAFF}
    call = {
        "next_action": self._name,
        "sender_id": tracker.sender_id,
        "tracker": state,
        "version": rasa.__version__,
    }
    if not self._is_selective_domain_enabled() or domain.does_custom_action_explicitly_need_domain(
        self._name
    ):
        call["domain"] = domain.as_dict()
    return call


@lru_cache(maxsize=1)
def _validator() -> Draft202012Validator:
    return Draft202012Validator(RemoteAction.action_response_format_spec())


def _validate_action_result(self: RemoteAction, result: dict[str, Any]) -> bool:
    """As Rasa's, but the schema itself is compiled once (37 ms of each custom action before).

    What answers and sets slots, as nearly all results do, needs no schema; a bad one goes to Rasa's own
    check, which raises its own error.
    """
    return _sets_slots(result) or bool(_validator().is_valid(result)) or bool(_RASA_VALIDATES(self, result))


def _sets_slots(result: Any) -> bool:
    """True for a result of nothing but responses and events that set slots, well formed."""
    if type(result) is not dict:
        return False
    events, responses = result.get("events", []), result.get("responses", [])
    if type(events) is not list or type(responses) is not list:
        return False
    return all(type(response) is dict for response in responses) and all(
        type(event) is dict
        and event.get("event") == SlotSet.type_name
        and type(event.get("name")) is str
        and "value" in event
        and (event.get("timestamp") is None or type(event["timestamp"]) is float)
        and event.get("metadata") is None
        for event in events
    )


@lru_cache(maxsize=1)
def _event_types() -> dict[str, type[Event]]:
    types: dict[str, type[Event]] = {}
    for cls in rasa.shared.utils.common.all_subclasses(Event):
        types.setdefault(cls.type_name, cls)
    return types


def _resolve_by_type(type_name: str, default: type[Event] | None = None) -> type[Event] | None:
    """As Rasa's, from a dictionary instead of a walk over all subclasses for each event."""
    known = _event_types().get(type_name)
    if known is not None or type_name == "topic":
        return known
    if default is not None:
        return default
    raise ValueError(f"Unknown event name '{type_name}'.")
