"""Danger, report codes, verdicts and notices come before any form; everything else is left to the rules."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from rasa.engine.storage.resource import Resource
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.components.interjection_policy import InterjectionPolicy

ACTIONS = ["action_emergency", "action_report_status", "action_rate", "action_tell_report"]


@pytest.fixture(scope="module")
def domain() -> Domain:
    return Domain.from_dict(
        {"intents": ["x"], "forms": {"office_form": {"required_slots": []}}, "actions": ACTIONS}
    )


@pytest.fixture(scope="module")
def policy() -> InterjectionPolicy:
    context: Any = SimpleNamespace(is_finetuning=False)
    storage: Any = None
    return InterjectionPolicy(
        InterjectionPolicy.get_default_config(), storage, Resource("interjections"), context
    )


def after(domain: Domain, text: str, intent: str, *actions: str, form: bool = False) -> DialogueStateTracker:
    """The conversation after a message and what was done about it."""
    tracker = DialogueStateTracker.from_events("c", [], domain.slots, domain=domain)
    events: list[Any] = [ActiveLoop("office_form")] if form else []
    events += [ActionExecuted(ACTION_LISTEN_NAME), UserUttered(text, {"name": intent, "confidence": 1.0})]
    for event in [*events, *(ActionExecuted(name) for name in actions)]:
        tracker.update(event, domain)
    return tracker


@pytest.mark.parametrize("form", [False, True])
@pytest.mark.parametrize(
    ("text", "intent", "action"),
    [
        ("cháy nhà cứu với", "rate_service", "action_emergency"),
        ("pa 261122 0001 đến đâu rồi", "check_application_status", "action_report_status"),
        ("phản ánh của tôi xử lý chưa", "report_issue", "action_report_status"),
        ('/tell_report{"report_id": "1"}', "tell_report", "action_tell_report"),
    ],
)
def test_an_interjection_is_certain_and_then_waits(
    policy: InterjectionPolicy, domain: Domain, text: str, intent: str, action: str, form: bool
) -> None:
    first = policy.predict_action_probabilities(after(domain, text, intent, form=form), domain)
    assert _name(domain, first) == action
    assert first.is_no_user_prediction and first.policy_priority > 6
    done = policy.predict_action_probabilities(after(domain, text, intent, action, form=form), domain)
    assert _name(domain, done) == ACTION_LISTEN_NAME and done.is_no_user_prediction


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("phòng cháy chữa cháy thủ tục", "ask_procedure"),
        ("hồ sơ của tôi đến đâu rồi", "check_application_status"),
        ("cán bộ trả lời sai rồi còn quát tôi trước mặt mọi người", "complain_service"),
        ('/report_issue{"report_choice": "cháy nhà"}', "report_issue"),
        ("/tell_something_unknown", "tell_something_unknown"),
    ],
)
def test_everything_else_is_left_to_the_rules(
    policy: InterjectionPolicy, domain: Domain, text: str, intent: str
) -> None:
    prediction = policy.predict_action_probabilities(after(domain, text, intent), domain)
    assert max(prediction.probabilities) == 0 and not prediction.is_no_user_prediction


def test_a_verdict_counts_only_outside_a_form(policy: InterjectionPolicy, domain: Domain) -> None:
    alone = policy.predict_action_probabilities(after(domain, "câu trả lời sai", "deny"), domain)
    assert _name(domain, alone) == "action_rate"
    within = policy.predict_action_probabilities(after(domain, "câu trả lời sai", "deny", form=True), domain)
    assert max(within.probabilities) == 0


def _name(domain: Domain, prediction: Any) -> str:
    best = max(range(len(prediction.probabilities)), key=lambda place: prediction.probabilities[place])
    return str(domain.action_names_or_texts[best])
