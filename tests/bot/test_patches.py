"""The patches do what Rasa does, faster, and only for the version that they were written for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import jsonschema
import pytest
import rasa.shared.utils.common
from rasa.core.actions.action import RemoteAction
from rasa.core.policies.rule_policy import RulePolicy
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot import patches

_RASA_VALIDATE = RemoteAction._validate_action_result
_RASA_FORMAT = RemoteAction._action_call_format
_RASA_RESOLVE = Event.resolve_by_type


@pytest.fixture
def patched() -> Iterator[RemoteAction]:
    """An action with the patches in place; Rasa's own are put back."""
    rules = RulePolicy._get_possible_keys, RulePolicy._rule_key_to_state
    patches.apply()
    yield RemoteAction("action_x", None)
    RulePolicy._get_possible_keys, RulePolicy._rule_key_to_state = rules[0], staticmethod(rules[1])
    RemoteAction._validate_action_result = _RASA_VALIDATE
    RemoteAction._action_call_format = _RASA_FORMAT
    Event.resolve_by_type = staticmethod(_RASA_RESOLVE)


def test_rasa_is_the_version_that_the_patches_were_written_for() -> None:
    assert version("rasa") == patches.PINNED


def test_rasa_was_not_patched_by_an_import() -> None:
    assert _RASA_VALIDATE.__module__ == "rasa.core.actions.action"
    assert _RASA_RESOLVE.__module__ == "rasa.shared.core.events"


GOOD: list[dict[str, Any]] = [
    {"events": [], "responses": []},
    {
        "events": [{"event": "slot", "name": "a", "value": None, "timestamp": None}],
        "responses": [{"text": "x"}],
    },
    {},
]

BAD: list[Any] = [
    [],
    None,
    {"events": "no list", "responses": []},
    {"events": [{"name": "no event"}], "responses": []},
    {"events": [{"event": 7}], "responses": []},
    {"events": [{"event": "slot", "name": "a"}], "responses": []},
    {"events": [{"event": "slot", "name": 7, "value": 1}]},
    {"events": [{"event": "slot", "name": "a", "value": 1, "timestamp": "now"}]},
    {"events": [{"event": "slot", "name": "a", "value": 1, "metadata": 1}]},
    {"events": [], "responses": [7]},
    {"events": [{"event": 7}, {}], "responses": "both wrong"},
]


@pytest.mark.parametrize("result", GOOD)
def test_a_good_result_passes_as_before(patched: RemoteAction, result: dict[str, Any]) -> None:
    assert _RASA_VALIDATE(patched, result) is True
    assert patched._validate_action_result(result) is True


@pytest.mark.parametrize("result", BAD, ids=repr)
def test_a_bad_result_is_rejected_with_rasas_own_error(patched: RemoteAction, result: Any) -> None:
    with pytest.raises(jsonschema.ValidationError) as before:
        _RASA_VALIDATE(patched, result)
    with pytest.raises(jsonschema.ValidationError) as now:
        patched._validate_action_result(result)
    assert now.value.message == before.value.message
    assert list(now.value.absolute_path) == list(before.value.absolute_path)


def test_the_schema_is_not_compiled_again_for_a_good_result(
    patched: RemoteAction, monkeypatch: pytest.MonkeyPatch
) -> None:
    patched._validate_action_result(GOOD[0])
    monkeypatch.setattr(RemoteAction, "action_response_format_spec", lambda: pytest.fail("compiled again"))
    monkeypatch.setattr(jsonschema, "validate", lambda *_: pytest.fail("Rasa's slow check"))
    assert patched._validate_action_result(GOOD[1]) is True


def all_events() -> list[type[Event]]:
    found: list[type[Event]] = rasa.shared.utils.common.all_subclasses(Event)
    return found


def test_every_event_type_resolves_as_before(patched: RemoteAction) -> None:
    names = {event.type_name for event in all_events()}
    assert len(names) > 20
    for name in names:
        assert Event.resolve_by_type(name) is _RASA_RESOLVE(name), name


def test_unknown_types_resolve_as_before(patched: RemoteAction) -> None:
    assert Event.resolve_by_type("topic") is _RASA_RESOLVE("topic") is None
    assert Event.resolve_by_type("nothing", SlotSet) is _RASA_RESOLVE("nothing", SlotSet) is SlotSet
    for resolve in (_RASA_RESOLVE, Event.resolve_by_type):
        with pytest.raises(ValueError, match=r"^Unknown event name 'nothing'\.$"):
            resolve("nothing")


def test_a_stored_event_is_read_without_walking_over_all_types(
    patched: RemoteAction, monkeypatch: pytest.MonkeyPatch
) -> None:
    Event.resolve_by_type("slot")
    monkeypatch.setattr(rasa.shared.utils.common, "all_subclasses", lambda _: pytest.fail("walked"))
    stored = ActionExecuted("action_listen").as_dict()
    assert Event.from_parameters(stored) == ActionExecuted("action_listen")


def test_applying_twice_changes_nothing(patched: RemoteAction) -> None:
    before = RemoteAction._validate_action_result, Event.resolve_by_type
    patches.apply()
    assert (RemoteAction._validate_action_result, Event.resolve_by_type) == before
    with pytest.raises(jsonschema.ValidationError):
        patched._validate_action_result([])


def test_an_action_is_told_of_the_latest_turn_the_action_before_it_and_of_all_that_holds(
    patched: RemoteAction,
) -> None:
    domain = Domain.from_dict({"slots": {"a": {"type": "any", "mappings": [{"type": "custom"}]}}})
    first = [UserUttered("một"), ActionExecuted("action_x"), SlotSet("a", 1), ActionExecuted("action_listen")]
    tracker = DialogueStateTracker.from_events("s", [*first, UserUttered("hai")], slots=domain.slots)
    called = patched._action_call_format(tracker, domain)
    before = _RASA_FORMAT(patched, tracker, domain)
    told = called["tracker"].pop("events")
    assert [event.get("name") or event.get("text") for event in told] == ["action_x", "hai"]
    assert len(before["tracker"].pop("events")) == 5
    assert called == before and called["tracker"]["slots"]["a"] == 1


def test_what_was_understood_is_told_once_and_no_more_than_actions_read(patched: RemoteAction) -> None:
    parsed = {
        "intent": {"name": "ask_fee", "confidence": 0.9}, "entities": [], "text": "hai", "message_id": "m",
        "text_normalized": "hai", "ms_parts": {"intent": 0.1},
        "intent_ranking": [{"name": "ask_fee", "confidence": 0.9}],
        "metadata": {"visitor": "x"},
    }  # fmt: skip
    said = UserUttered("hai", parsed["intent"], [], parsed, message_id="m", metadata={"visitor": "x"})
    tracker = DialogueStateTracker.from_events("s", [said], slots=[])
    told = patched._action_call_format(tracker, Domain.empty())["tracker"]
    assert said.parse_data == parsed, "what is stored is all there"
    assert told["latest_message"] == {
        name: value for name, value in parsed.items() if name not in ("intent_ranking", "ms_parts")
    }
    assert "parse_data" not in told["events"][0] and told["events"][0]["metadata"] == {"visitor": "x"}


def test_before_the_first_message_an_action_is_told_of_everything(patched: RemoteAction) -> None:
    tracker = DialogueStateTracker.from_events("s", [ActionExecuted("action_session_start")])
    domain = Domain.empty()
    assert patched._action_call_format(tracker, domain) == _RASA_FORMAT(patched, tracker, domain)
