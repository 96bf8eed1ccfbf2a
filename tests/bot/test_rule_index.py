"""With the index, the rule policy finds the same rules as Rasa's own search, in a fraction of the time."""

from __future__ import annotations

import copy
import os
import random
from collections.abc import Iterator
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest
from rasa.core.policies.rule_policy import RulePolicy

from bot import rule_index

_RASA_KEYS = RulePolicy._get_possible_keys
_RASA_STATE = RulePolicy._rule_key_to_state


@pytest.fixture(autouse=True)
def as_rasa_made_it() -> Iterator[None]:
    yield
    RulePolicy._get_possible_keys = _RASA_KEYS
    RulePolicy._rule_key_to_state = staticmethod(_RASA_STATE)


@pytest.fixture(scope="module")
def learned(own_rules: tuple[Any, Any, list[Any]]) -> tuple[RulePolicy, list[list[dict[str, Any]]]]:
    """The assistant's own rules, learned, and the states of all their turns."""
    policy, domain, trackers = own_rules
    states, _ = policy.featurizer.training_states_and_labels(trackers, domain, omit_unset_slots=True)
    return policy, [turns[:end] for turns in states for end in range(1, len(turns) + 1)]


def found(policy: RulePolicy, states: list[dict[str, Any]]) -> list[set[str]]:
    return [
        policy._get_possible_keys(policy.lookup[name], states)
        for name in ("rules", "rules_for_loop_unhappy_path")
    ]


def changed(
    states: list[dict[str, Any]], pieces: list[dict[str, Any]], dice: random.Random
) -> list[dict[str, Any]]:
    """The states with a part of one turn exchanged, left out or added."""
    made = copy.deepcopy(states)
    turn = dice.choice(made)
    part = dice.choice(["user", "prev_action", "active_loop", "slots"])
    other = dice.choice(pieces).get(part)
    if other is None or dice.random() < 0.2:
        turn.pop(part, None)
    else:
        turn[part] = copy.deepcopy(other)
    return made


def test_the_same_rules_are_found_for_every_turn_and_for_changed_ones(
    learned: tuple[RulePolicy, list[list[dict[str, Any]]]],
) -> None:
    policy, conversations = learned
    assert len(policy.lookup["rules"]) > 300
    dice = random.Random(7)
    pieces = [turn for states in conversations for turn in states]
    chosen = dice.sample(conversations, 60)
    asked = [[], *chosen, *(changed(states, pieces, dice) for states in chosen for _ in range(2))]
    expected = [found(policy, states) for states in asked]
    rule_index.apply()
    assert [found(policy, states) for states in asked] == expected
    assert sum(bool(rules) for rules, _ in expected) > 50, "something is found"


def test_rules_that_are_removed_are_found_no_longer(
    learned: tuple[RulePolicy, list[list[dict[str, Any]]]],
) -> None:
    policy, conversations = learned
    rule_index.apply()
    states = next(states for states in conversations if found(policy, states)[0])
    gone = found(policy, states)[0].pop()
    action = policy.lookup["rules"].pop(gone)
    try:
        assert gone not in found(policy, states)[0]
    finally:
        policy.lookup["rules"][gone] = action
    assert gone in found(policy, states)[0]


def test_few_rules_are_tried_on_a_turn(
    learned: tuple[RulePolicy, list[list[dict[str, Any]]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, conversations = learned
    tried: list[str] = []
    applicable = RulePolicy._is_rule_applicable

    def counted(self: RulePolicy, key: str, turn: int, state: dict[str, Any]) -> bool:
        tried.append(key)
        return bool(applicable(self, key, turn, state))

    monkeypatch.setattr(RulePolicy, "_is_rule_applicable", counted)
    rule_index.apply()
    for states in conversations[:200]:
        policy._get_possible_keys(policy.lookup["rules"], states)
    assert len(tried) < 0.3 * 200 * len(policy.lookup["rules"])


def test_applying_twice_changes_nothing() -> None:
    rule_index.apply()
    before = RulePolicy._get_possible_keys, RulePolicy._rule_key_to_state
    rule_index.apply()
    assert (RulePolicy._get_possible_keys, RulePolicy._rule_key_to_state) == before
