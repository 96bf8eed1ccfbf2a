"""Which rules can fit, by the turn that they end with: Rasa's rule policy tries every rule at every step.

Beyond 1,000 rules it also reads each of them from JSON again, since its cache holds no more: 3 ms of a step,
and 30 s of a training, which tries all rules on all rules to find contradictions.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

from rasa.core.policies.rule_policy import SHOULD_NOT_BE_SET, RulePolicy
from rasa.shared.core.constants import PREVIOUS_ACTION, USER
from rasa.shared.nlu.constants import ACTION_NAME, INTENT

State = dict[str, Any]
_Ending = tuple[Any, Any]
"""The action before the rule's last turn, and the intent of that turn; None where the rule does not say."""


@dataclass(frozen=True, slots=True)
class _Index:
    """The rules of a table by their endings, and how many turns the longest has. `size`: of the table."""

    table: Mapping[str, str]
    size: int
    endings: Mapping[_Ending, list[str]]
    longest: int


_indexes: WeakKeyDictionary[RulePolicy, dict[int, _Index]] = WeakKeyDictionary()


def apply() -> None:
    """Let Rasa's rule policy use the index; calling it again changes nothing."""
    RulePolicy._rule_key_to_state = staticmethod(_states)
    RulePolicy._get_possible_keys = _get_possible_keys


@cache
def _states(rule_key: str) -> list[State]:
    found: list[State] = json.loads(rule_key)
    return found


def _get_possible_keys(self: RulePolicy, lookup: Mapping[str, str], states: list[State]) -> set[str]:
    """As Rasa's, over the rules alone whose last turn has this action before it and this intent."""
    if not states:
        return set(lookup)
    index = _index(self, lookup).endings
    last = states[-1]
    action = (last.get(PREVIOUS_ACTION) or {}).get(ACTION_NAME)
    intent = (last.get(USER) or {}).get(INTENT)
    endings = {(action, intent), (action, None), (None, intent), (None, None)}
    possible = {key for ending in endings for key in index.get(ending, ())}
    for turn, state in enumerate(reversed(states)):
        possible = {key for key in possible if self._is_rule_applicable(key, turn, state)}
    return possible


def longest(policy: RulePolicy, *tables: Mapping[str, str]) -> int:
    """How many turns the longest rule of the tables looks back; no rule sees more of a conversation."""
    return max((_index(policy, table).longest for table in tables), default=0)


def _index(policy: RulePolicy, table: Mapping[str, str]) -> _Index:
    """Made once for each table of rules, and again when rules were added or removed."""
    of_policy = _indexes.setdefault(policy, {})
    known = of_policy.get(id(table))
    # The table itself is kept: another one may get the number of one that is gone.
    if known is None or known.table is not table or known.size != len(table):
        endings: dict[_Ending, list[str]] = defaultdict(list)
        for key in table:
            endings[_ending(key)].append(key)
        turns = max((len(_states(key)) for key in table), default=0)
        known = of_policy[id(table)] = _Index(table, len(table), dict(endings), turns)
    return known


def _ending(rule_key: str) -> _Ending:
    states = _states(rule_key)
    if not states:
        return None, None
    last = states[-1]
    return (
        _said((last.get(PREVIOUS_ACTION) or {}).get(ACTION_NAME)),
        _said((last.get(USER) or {}).get(INTENT)),
    )


def _said(value: Any) -> Any:
    """The value that a conversation must have, or None where the rule leaves it open."""
    return value if value and value != SHOULD_NOT_BE_SET and isinstance(value, str) else None
