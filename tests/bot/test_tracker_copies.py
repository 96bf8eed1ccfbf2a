"""A copy of a tracker is in the state that Rasa finds by replaying its events."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    AllSlotsReset,
    BotUttered,
    FollowupAction,
    LoopInterrupted,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker

from bot import tracker_copies

_RASA_COPY = DialogueStateTracker.copy

DOMAIN = Domain.from_dict(
    {
        "intents": ["greet"],
        "slots": {
            "word": {"type": "text", "initial_value": "first", "mappings": [{"type": "custom"}]},
            "list": {"type": "any", "mappings": [{"type": "custom"}]},
        },
        "forms": {"some_form": {"required_slots": ["word"]}},
        "actions": ["action_x"],
    }
)

EVENTS = st.one_of(
    st.builds(SlotSet, st.sampled_from(["word", "list"]), st.sampled_from(["a", None, "b"])),
    st.builds(ActionExecuted, st.sampled_from(["action_listen", "action_x", "some_form"])),
    st.builds(UserUttered, st.sampled_from(["xin chào", "b"]), st.just({"name": "greet", "confidence": 1.0})),
    st.builds(BotUttered, st.just("Vâng")),
    st.builds(ActiveLoop, st.sampled_from(["some_form", None])),
    st.builds(LoopInterrupted, st.booleans()),
    st.builds(ActionExecutionRejected, st.just("some_form")),
    st.builds(FollowupAction, st.just("action_x")),
    st.builds(AllSlotsReset),
    st.builds(Restarted),
    st.builds(SessionStarted),
)


@pytest.fixture(autouse=True)
def unpatched() -> Iterator[None]:
    """Rasa's own are put back."""
    yield
    DialogueStateTracker.copy = _RASA_COPY
    if "__copy__" in vars(Slot):
        del Slot.__copy__


def state_of(tracker: DialogueStateTracker) -> dict[str, Any]:
    values = dict(vars(tracker))
    values["slots"] = {name: vars(slot) for name, slot in tracker.slots.items()}
    values["events"] = list(tracker.events)
    return values


def tracker_of(events: list[Any]) -> DialogueStateTracker:
    tracker = DialogueStateTracker("someone", DOMAIN.slots, max_event_history=None)
    for event in events:
        tracker.update(event, DOMAIN)
    return tracker


@settings(max_examples=300, deadline=None)
@given(st.lists(EVENTS, max_size=15))
def test_a_copy_is_what_rasa_makes(events: list[Any]) -> None:
    tracker = tracker_of(events)
    assert state_of(tracker_copies.copy_tracker(tracker)) == state_of(_RASA_COPY(tracker))


def test_a_copy_changes_alone() -> None:
    tracker = tracker_of([SlotSet("word", "a"), ActiveLoop("some_form")])
    before = state_of(tracker)
    made = tracker_copies.copy_tracker(tracker)
    made.update(SlotSet("word", "other"))
    made.update(LoopInterrupted(True))
    assert state_of(tracker) == before
    assert made.get_slot("word") == "other" and tracker.get_slot("word") == "a"


def test_applied_it_is_what_rasa_uses() -> None:
    tracker_copies.apply()
    tracker_copies.apply()
    tracker = tracker_of([SlotSet("word", "a")])
    assert DialogueStateTracker.copy is tracker_copies.copy_tracker
    assert tracker.copy().get_slot("word") == "a"
    assert tracker_of([]).get_slot("word") == "first", "the domain's own slots stay as they are"
