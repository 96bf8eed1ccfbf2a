"""Copies of a tracker and its slots: Rasa replays the whole conversation for a copy, twice a turn."""

from __future__ import annotations

import copy
from typing import Any

from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker


def apply() -> None:
    """Make Rasa's copies quick; calling it again changes nothing."""
    Slot.__copy__ = copy_slot
    DialogueStateTracker.copy = copy_tracker


def copy_slot(self: Any) -> Any:
    """As the copy module makes it (the same values in a new slot), without asking how."""
    made = object.__new__(type(self))
    made.__dict__.update(self.__dict__)
    return made


def copy_tracker(self: Any) -> Any:
    """A tracker in the same state, which Rasa finds by replaying the events: the result is the same."""
    made = object.__new__(type(self))
    made.__dict__.update(self.__dict__)
    made.slots = copy.copy(self.slots)
    for name, slot in self.slots.items():
        made.slots[name] = copy_slot(slot)
    made.events = copy.copy(self.events)
    made.active_loop = copy.copy(self.active_loop)
    # A copy of Rasa's does not stamp its events with the model, nor knows the file it came from.
    made.model_id = made.assistant_id = made.sender_source = None
    return made
