"""Hot spots of Rasa 3.6.21, removed without changing what it does.

Two are here; rule_index.py, tracker_copies.py and, for serving alone, graph_plan.py have the others.

Each is measured in docs/adr/0003; a test pins the version, so that an upgrade brings us back here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import rasa.shared.utils.common
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.events import Event

from bot import rule_index, tracker_copies

PINNED = "3.6.21"

_RASA_VALIDATES = RemoteAction._validate_action_result


def apply() -> None:
    """Install all patches; calling it again changes nothing."""
    rule_index.apply()
    tracker_copies.apply()
    RemoteAction._validate_action_result = _validate_action_result
    Event.resolve_by_type = staticmethod(_resolve_by_type)


@lru_cache(maxsize=1)
def _validator() -> Draft202012Validator:
    return Draft202012Validator(RemoteAction.action_response_format_spec())


def _validate_action_result(self: RemoteAction, result: dict[str, Any]) -> bool:
    """As Rasa's, but the schema itself is compiled once (37 ms of each custom action before).

    A bad result goes to Rasa's own check, which raises its own error.
    """
    return bool(_validator().is_valid(result)) or bool(_RASA_VALIDATES(self, result))


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
