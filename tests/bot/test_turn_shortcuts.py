"""The shortcuts of a turn end where Rasa's own ways end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest
import rasa.core.actions.action
from hypothesis import given, settings
from hypothesis import strategies as st
from rasa.core.actions.action import ActionExtractSlots
from rasa.core.policies.policy import PolicyPrediction
from rasa.shared.core.domain import ActionNotFoundException, Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActionReverted,
    ActiveLoop,
    AllSlotsReset,
    BotUttered,
    DefinePrevUserUtteredFeaturization,
    Event,
    FollowupAction,
    LoopInterrupted,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from bot import assistant, turn_shortcuts

_RASA_APPLIED = DialogueStateTracker.applied_events
_RASA_EMPTY = Domain.is_empty
_RASA_EXTRACTS = ActionExtractSlots.run
_RASA_MOST: Any = PolicyPrediction.max_confidence
_RASA_ACTION = rasa.core.actions.action.action_for_name_or_text

PLAIN: list[st.SearchStrategy[Event]] = [
    st.builds(ActionExecuted, st.sampled_from(["action_listen", "action_x", "some_form"])),
    st.builds(UserUttered, st.sampled_from(["xin chào", "b"]), st.just({"name": "greet", "confidence": 1.0})),
    st.builds(BotUttered, st.just("Vâng")),
    st.builds(SlotSet, st.just("word"), st.sampled_from(["a", None])),
    st.builds(ActiveLoop, st.none()),
    st.builds(LoopInterrupted, st.booleans()),
    st.builds(ActionExecutionRejected, st.just("some_form")),
    st.builds(FollowupAction, st.just("action_x")),
    st.builds(DefinePrevUserUtteredFeaturization, st.booleans()),
    st.builds(SessionStarted),
    st.builds(Restarted),
]
UNDOING: list[st.SearchStrategy[Event]] = [
    st.builds(ActiveLoop, st.just("some_form")),
    st.builds(ActionReverted),
    st.builds(UserUtteranceReverted),
    st.builds(AllSlotsReset),
]


@pytest.fixture(autouse=True)
def as_rasa_made_it() -> Iterator[None]:
    yield
    DialogueStateTracker.applied_events = _RASA_APPLIED
    Domain.is_empty = _RASA_EMPTY
    ActionExtractSlots.run = _RASA_EXTRACTS
    PolicyPrediction.max_confidence = _RASA_MOST
    rasa.core.actions.action.action_for_name_or_text = _RASA_ACTION


@pytest.fixture(scope="module")
def domain() -> Domain:
    return Domain.from_dict(assistant.compile_domain())


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.lists(st.one_of(PLAIN), max_size=20), st.lists(st.one_of(PLAIN + UNDOING), max_size=20)))
def test_the_events_that_count_are_those_that_rasa_finds(events: list[Event]) -> None:
    tracker = DialogueStateTracker("someone", [])
    tracker.events.extend(events)
    found = turn_shortcuts.applied_events(tracker)
    expected = _RASA_APPLIED(tracker)
    assert [id(event) for event in found] == [id(event) for event in expected]


def test_a_domain_is_empty_where_rasa_says_so(domain: Domain) -> None:
    for _ in range(2):
        assert turn_shortcuts.is_empty(domain) is _RASA_EMPTY(domain) is False
        assert turn_shortcuts.is_empty(Domain.empty()) is _RASA_EMPTY(Domain.empty()) is True


ENTITIES: list[list[dict[str, Any]]] = [
    [],
    [{"entity": "application_code", "value": "H01.23.45-260101-0001"}],
    [{"entity": "language", "value": "en"}, {"entity": "application_code", "value": "x"}],
    [{"entity": "commune", "value": "Phường Cam Đường"}],
]


def tracker_of(domain: Domain, entities: list[dict[str, Any]], form: str | None) -> DialogueStateTracker:
    tracker = DialogueStateTracker("someone", domain.slots)
    begin: list[Event] = [ActiveLoop(form), SlotSet("requested_slot", "application_code")] if form else []
    said = UserUttered("a", intent={"name": "ask_status", "confidence": 1.0}, entities=entities)
    tracker.update_with_events([*begin, ActionExecuted("action_listen"), said], domain)
    return tracker


async def slots_of(run: Any, domain: Domain, tracker: DialogueStateTracker) -> list[tuple[str, Any]]:
    events = await run(ActionExtractSlots(None), None, None, tracker, domain)
    assert all(isinstance(event, SlotSet) for event in events)
    return [(event.key, event.value) for event in events]


@pytest.mark.parametrize("entities", ENTITIES, ids=len)
async def test_the_same_slots_are_filled(domain: Domain, entities: list[dict[str, Any]]) -> None:
    for form in (None, *domain.form_names):
        tracker = tracker_of(domain, entities, form)
        expected = await slots_of(_RASA_EXTRACTS, domain, tracker)
        assert await slots_of(turn_shortcuts.extract_slots, domain, tracker) == expected
        assert len(expected) == sum(one["entity"] in ("application_code", "language") for one in entities)


async def test_a_slot_that_an_action_fills_from_each_message_is_left_to_it() -> None:
    mapping = {"type": "custom", "action": "action_x"}
    slots = {"word": {"type": "any", "mappings": [mapping]}, "other": {"type": "any", "mappings": []}}
    asked = Domain.from_dict({"slots": slots, "actions": ["action_x"], "intents": ["greet"]})
    found = turn_shortcuts._with_slots_that_messages_fill(asked)
    assert [slot.name for slot in found.slots if slot.mappings] == ["word"]
    checked = Domain.from_dict({"slots": slots, "actions": ["action_x", "action_validate_slot_mappings"]})
    assert turn_shortcuts._with_slots_that_messages_fill(checked) is checked


def test_the_most_probable_action_is_the_one_that_rasa_finds() -> None:
    for values in ([0.0, 0.3, 1.0, 0.3], [0.0, 0.0], []):
        prediction = PolicyPrediction(values, "RulePolicy")
        for _ in range(2):
            assert turn_shortcuts.max_confidence(prediction) == _RASA_MOST.fget(prediction)


class _Counted(list[float]):
    reads = 0

    def __iter__(self) -> Iterator[float]:
        self.reads += 1
        return super().__iter__()


def test_all_actions_of_a_prediction_are_looked_through_once() -> None:
    turn_shortcuts.apply()
    values = _Counted([0.1, 0.7])
    prediction = PolicyPrediction(values, "RulePolicy")
    assert [prediction.max_confidence for _ in range(3)] == [0.7] * 3 and values.reads == 1
    assert prediction.max_confidence_index == 1


def test_the_same_actions_are_found_by_their_names(domain: Domain) -> None:
    endpoints = [EndpointConfig("http://a"), EndpointConfig("http://b"), None]
    for name in domain.action_names_or_texts:
        for endpoint in endpoints:
            expected = _RASA_ACTION(name, domain, endpoint)
            for _ in range(2):
                found = turn_shortcuts.action_of(name, domain, endpoint)
                assert type(found) is type(expected) and found.name() == expected.name()
                assert getattr(found, "action_endpoint", None) is getattr(expected, "action_endpoint", None)
    with pytest.raises(ActionNotFoundException):
        turn_shortcuts.action_of("no_such_action", domain, None)


def test_only_actions_that_hold_nothing_of_a_conversation_are_kept(domain: Domain) -> None:
    endpoint = EndpointConfig("http://a")

    def kept(name: str) -> bool:
        first, second = (turn_shortcuts.action_of(name, domain, endpoint) for _ in range(2))
        return first is second

    assert kept("action_listen") and kept("action_answer_procedure")
    assert not any(kept(form) for form in domain.form_names)


def test_applied_it_is_what_rasa_uses(domain: Domain) -> None:
    turn_shortcuts.apply()
    turn_shortcuts.apply()
    tracker = tracker_of(domain, [], None)
    assert tracker.applied_events() == _RASA_APPLIED(tracker)
    assert domain.is_empty() is False
    assert ActionExtractSlots.run is turn_shortcuts.extract_slots
