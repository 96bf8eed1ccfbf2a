"""What Rasa puts together for lines of its debug log, which quote messages: none is written (troly/log.py).

Each message had some twenty of them: all slots three times, the turns of the conversation four times.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import rasa.core.policies.rule_policy
import rasa.core.processor
from rasa.core.policies.policy import Policy
from rasa.core.processor import MessageProcessor
from rasa.shared.core.trackers import DialogueStateTracker


def apply() -> None:
    """Leave them out; calling it again changes nothing."""
    # Both modules copy nothing but what a debug line shows.
    uncopied = SimpleNamespace(deepcopy=lambda value: value)
    for module in (rasa.core.processor, rasa.core.policies.rule_policy):
        setattr(module, "copy", uncopied)  # noqa: B010 - mypy knows it as another module
    MessageProcessor._log_slots = staticmethod(log_slots)
    Policy.format_tracker_states = staticmethod(format_tracker_states)


def log_slots(tracker: DialogueStateTracker) -> None:
    """Nothing: Rasa's only writes all slots into the log."""


def format_tracker_states(states: list[dict[str, Any]]) -> str:
    """Nothing to read, where Rasa's tells the log of each turn."""
    return ""
