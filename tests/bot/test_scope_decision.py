"""The last step: which messages keep the procedures that they name, and that none of them is answered."""

from __future__ import annotations

import pytest
from rasa.shared.nlu.training_data.message import Message

from bot.components.scope_decision import ScopeDecision
from bot.understanding.certainty import Evidence
from bot.understanding.finding import Finding


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


@pytest.mark.parametrize(
    ("text", "asked", "named", "intent"),
    [
        ("airbnb tax", 1.0, 1.0, "ask_procedure"),
        ("无人机", 1.0, 1.0, "ask_fee"),  # of no other language is it known what asks
        ("ドローン", 1.0, 1.0, "ask_procedure"),  # a greeting is likelier than any question
        ("天气怎么样", 0.2, 0.2, "out_of_scope"),
        ("airbnb tax, how much?", 1.0, 1.0, "ask_fee"),
        ("tax rates of other countries", 0.3, 0.5, "out_of_scope"),
        ("US airbnb visa", 1.0, 1.0, "out_of_scope"),  # a paper of another country
    ],
)
def test_a_name_is_in_scope_whatever_it_looks_like(
    text: str, asked: float, named: float, intent: str
) -> None:
    second = "greet" if text == "ドローン" else "ask_fee"
    ranking = [("out_of_scope", 0.99), (second, 0.006), ("ask_steps", 0.004)]
    message = Message(
        {
            "text": text,
            "language_seen": "en" if text.isascii() else "zh",
            "intent": {"name": "out_of_scope", "confidence": 0.99},
            "intent_ranking": [{"name": name, "confidence": share} for name, share in ranking],
            "procedure_decision": "answer",
            "procedure_mention": 0.9,
            "finding": Finding(
                decision="answer",
                certainty=0.9,
                among=0.9,
                evidence=Evidence(asked=asked, named=named),
            ),
        }
    )
    made = ScopeDecision({"data": "nlu_data"}).process([message])[0]
    assert made.get("intent")["name"] == intent
    assert made.get("procedure_decision") == ("none" if intent == "out_of_scope" else "answer")


@pytest.mark.parametrize(
    ("text", "intent", "confidence", "decided"),
    [
        ("bệnh binh", "abuse", 0.8, "ask_procedure"),
        ("bệnh binh", "abuse", 0.97, "abuse"),
        ("nuôi cá lồng", "ask_processing_time", 0.97, "ask_procedure"),
        ("nuôi cá lồng bao lâu", "ask_processing_time", 0.97, "ask_processing_time"),
        ("start", "greet", 0.6, "greet"),  # one word is no name
    ],
)
def test_a_name_in_which_nothing_asks_asks_for_the_procedure(
    text: str, intent: str, confidence: float, decided: str
) -> None:
    message = Message(
        {
            "text": text,
            "language_seen": "vi",
            "intent": {"name": intent, "confidence": confidence},
            "intent_ranking": [
                {"name": intent, "confidence": confidence},
                {"name": "ask_procedure", "confidence": 1 - confidence},
            ],
            "procedure_decision": "answer",
            "procedure_mention": 0.9,
            "finding": Finding(
                decision="answer", certainty=0.9, among=0.9, evidence=Evidence(asked=1, named=1)
            ),
        }
    )
    assert ScopeDecision({"data": "nlu_data"}).process([message])[0].get("intent")["name"] == decided
