"""The last step: which messages keep the procedures that they name, and that none of them is answered."""

from __future__ import annotations

import pytest
from rasa.shared.nlu.training_data.message import Message

from bot.components.scope_decision import ScopeDecision


def _decided(intent: str, mention: float, score: float) -> Message:
    message = Message(
        {
            "text": "x",
            "intent": {"name": intent, "confidence": 0.9},
            "intent_ranking": [{"name": intent, "confidence": 0.9}],
            "procedures": [{"code": "1.001193", "name": "Đăng ký khai sinh", "score": score}],
            "procedure_decision": "answer",
            "procedure_mention": mention,
        }
    )
    return ScopeDecision({"data": "nlu_data"}).process([message])[0]


@pytest.mark.parametrize(
    ("intent", "mention", "score", "keeps"),
    [
        ("out_of_scope", 0.9, 0.9, True),
        ("out_of_scope", 0.6, 0.9, False),
        ("out_of_scope", 0.9, 0.4, False),
        ("complain_service", 0.6, 0.4, True),
        ("greet", 0.1, 0.9, False),
    ],
)
def test_a_message_that_names_a_procedure_keeps_it_undecided(
    intent: str, mention: float, score: float, keeps: bool
) -> None:
    message = _decided(intent, mention, score)
    assert bool(message.get("procedures")) is keeps
    assert message.get("procedure_decision") == "none"
    assert message.get("procedure_mention") == 0.0


def test_a_message_about_a_procedure_keeps_what_was_decided() -> None:
    message = _decided("ask_fee", 0.2, 0.3)
    assert message.get("procedures")
    assert message.get("procedure_decision") == "answer"
