"""What is left out is shown by Rasa to its debug log, and to nothing else."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterator
from types import ModuleType

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest
import rasa.core.policies.rule_policy
import rasa.core.processor
from rasa.core.policies.policy import Policy
from rasa.core.policies.rule_policy import RulePolicy
from rasa.core.processor import MessageProcessor

from bot import debug_lines

_LOGGING: tuple[ModuleType, ...] = (rasa.core.processor, rasa.core.policies.rule_policy)
_RASA_COPIES = [vars(module)["copy"] for module in _LOGGING]
_RASA_SLOTS = MessageProcessor._log_slots
_RASA_STATES = Policy.format_tracker_states


@pytest.fixture(autouse=True)
def as_rasa_made_it() -> Iterator[None]:
    yield
    for module, theirs in zip(_LOGGING, _RASA_COPIES, strict=True):
        setattr(module, "copy", theirs)  # noqa: B010
    MessageProcessor._log_slots = staticmethod(_RASA_SLOTS)
    Policy.format_tracker_states = staticmethod(_RASA_STATES)


def test_rasa_copies_there_for_its_log_alone() -> None:
    for module in _LOGGING:
        source = inspect.getsource(module)
        lines = re.findall(r"structlogger\.debug\((?:[^()]|\([^()]*\))*\)", source)
        logged = sum(line.count("copy.deepcopy(") for line in lines)
        assert logged and logged == len(re.findall(r"(?<![\w.])copy\.", source))


def test_slots_and_turns_are_put_together_for_the_log_alone() -> None:
    slots = inspect.getsource(_RASA_SLOTS)
    assert "return" not in slots and slots.count("structlogger.debug(") == 1 and "update(" not in slots
    found = inspect.getsource(RulePolicy._find_action_from_rules)
    assert len(re.findall(r"\bcurrent_states\b", found)) == 3, "made, and its name and value in a debug line"


def test_applied_nothing_is_put_together() -> None:
    debug_lines.apply()
    debug_lines.apply()
    assert MessageProcessor._log_slots is debug_lines.log_slots
    assert RulePolicy.format_tracker_states([{"user": {"intent": "greet"}}]) == ""
    for module in _LOGGING:
        value = [1]
        assert vars(module)["copy"].deepcopy(value) is value
