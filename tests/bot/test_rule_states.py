"""What rules are shown of a conversation is what Rasa shows them, as far back as any rule looks."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.policies.rule_policy import RULES, RULES_FOR_LOOP_UNHAPPY_PATH, RulePolicy
from rasa.engine.validation import _get_parameter_information
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    BotUttered,
    Event,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from bot import rule_index, rule_states

_RASA_PREDICTS = RulePolicy.predict_action_probabilities
_RASA_STATES = RulePolicy._prediction_states
_RASA_KEYS = RulePolicy._get_possible_keys
_RASA_STATE = RulePolicy._rule_key_to_state
LISTEN = ActionExecuted("action_listen")


@pytest.fixture(autouse=True)
def as_rasa_made_it() -> Iterator[None]:
    yield
    RulePolicy.predict_action_probabilities = _RASA_PREDICTS
    RulePolicy._prediction_states = _RASA_STATES
    RulePolicy._get_possible_keys = _RASA_KEYS
    RulePolicy._rule_key_to_state = staticmethod(_RASA_STATE)


def turn(domain: Domain, dice: random.Random) -> list[Event]:
    """A turn of any kind: an intent, an action or two, perhaps a form that opens, fails or closes."""
    forms: list[str | None] = [None, *domain.form_names]
    intent = dice.choice(domain.intents)
    events: list[Event] = [UserUttered("chào", intent={"name": intent, "confidence": 1.0})]
    for _ in range(dice.randint(0, 2)):
        action = dice.choice(domain.action_names_or_texts)
        kinds: list[Event] = [
            ActionExecuted(action),
            SlotSet("language", dice.choice(["vi", "en", None])),
            ActiveLoop(dice.choice(forms)),
            ActionExecutionRejected(dice.choice(forms) or action),
            BotUttered("Vâng"),
        ]
        events += dice.sample(kinds, dice.randint(1, 3))
    return events


def conversation(domain: Domain, dice: random.Random) -> DialogueStateTracker:
    """Some turns, the last of which waits for its first or for another action."""
    tracker = DialogueStateTracker("someone", domain.slots)
    begin: list[Event] = dice.choice([[], [ActionExecuted("action_session_start"), SessionStarted()]])
    tracker.update_with_events([*begin, LISTEN], domain)
    for _ in range(dice.randint(0, 3)):
        tracker.update_with_events([*turn(domain, dice), LISTEN], domain)
    tracker.update_with_events(turn(domain, dice), domain)
    return tracker


def said(prediction: PolicyPrediction) -> tuple[Any, ...]:
    return (
        prediction.probabilities,
        prediction.policy_name,
        prediction.events,
        prediction.is_end_to_end_prediction,
        prediction.is_no_user_prediction,
        prediction.hide_rule_turn,
    )


def test_the_last_states_are_those_that_rasa_finds(own_rules: tuple[RulePolicy, Domain, list[Any]]) -> None:
    _, domain, trackers = own_rules
    dice = random.Random(3)
    for tracker in [*trackers[:40], *(conversation(domain, dice) for _ in range(150))]:
        expected = tracker.past_states(domain)
        for most in (1, 2, 3, 50):
            assert rule_states.last_states(tracker, domain, most) == expected[-most:]
        assert rule_states.last_states(tracker, domain, 0) == expected[-1:]


def test_the_same_is_predicted(own_rules: tuple[RulePolicy, Domain, list[Any]]) -> None:
    policy, domain, trackers = own_rules
    dice = random.Random(5)
    rule_index.apply()
    asked = [*dice.sample(trackers, 60), *(conversation(domain, dice) for _ in range(250))]
    expected = [said(_RASA_PREDICTS(policy, tracker, domain)) for tracker in asked]
    rule_states.apply()
    assert [said(policy.predict_action_probabilities(tracker, domain)) for tracker in asked] == expected
    assert len({tuple(probabilities) for probabilities, *_ in expected}) > 15, "actions of many kinds"


def test_a_training_is_shown_all_turns(own_rules: tuple[RulePolicy, Domain, list[Any]]) -> None:
    policy, domain, _ = own_rules
    dice = random.Random(9)
    tracker = max((conversation(domain, dice) for _ in range(20)), key=lambda one: len(one.events))
    expected = _RASA_STATES(policy, tracker, domain)
    rule_states.apply()
    policy.predict_action_probabilities(tracker, domain)
    assert policy._prediction_states(tracker, domain) == expected
    assert len(expected) > rule_index.longest(policy, policy.lookup[RULES])


def needs() -> dict[str, tuple[bool, bool]]:
    """What a training, which checks it, sees that the method wants to be given."""
    found, _ = _get_parameter_information(RulePolicy, "predict_action_probabilities")
    return {name: (one.has_default, one.is_variable_length_keyword_arg) for name, one in found.items()}


def test_a_training_finds_the_same_needs() -> None:
    before = needs()
    rule_states.apply()
    assert needs() == before


def test_a_prediction_that_fails_leaves_nothing_behind(
    own_rules: tuple[RulePolicy, Domain, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, domain, _ = own_rules
    tracker = conversation(domain, random.Random(11))
    expected = _RASA_STATES(policy, tracker, domain)
    rule_states.apply()

    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(policy, "_predict", broken)
    with pytest.raises(RuntimeError):
        policy.predict_action_probabilities(tracker, domain)
    assert policy._prediction_states(tracker, domain) == expected


def test_the_longest_rule_is_known(own_rules: tuple[RulePolicy, Domain, list[Any]]) -> None:
    policy, _, _ = own_rules
    rule_index.apply()
    tables = [policy.lookup[name] for name in (RULES, RULES_FOR_LOOP_UNHAPPY_PATH)]
    lengths = [len(policy._rule_key_to_state(key)) for table in tables for key in table]
    assert rule_index.longest(policy, *tables) == max(lengths)
    assert rule_index.longest(policy) == rule_index.longest(policy, {}) == 0
