"""What the conversation remembers, as the components ask for it."""

from __future__ import annotations

from typing import Any

from rasa.shared.core.trackers import DialogueStateTracker


def remembered(tracker: DialogueStateTracker | None, slot: str) -> Any:
    """The value of a slot; None outside a conversation, and where the domain has no such slot."""
    return tracker.get_slot(slot) if tracker and slot in tracker.slots else None
