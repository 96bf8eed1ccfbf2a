"""A guide's own words ask for it as soon as staff made it live, whatever the intents were trained on."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from rasa.shared.nlu.training_data.message import Message

from bot.components.scope_decision import ScopeDecision
from bot.understanding.staff_guides import GUIDES, StaffGuides

WIFI: dict[str, Any] = {
    "made": True,
    "title": {"vi": "Dùng wifi công cộng ở phường", "en": "Using the ward's public wifi"},
    "names": ["kết nối wifi công cộng", "wifi"],
}


@pytest.fixture(autouse=True)
def _none_afterwards() -> Iterator[None]:
    yield
    GUIDES.take({})


def intent_of(text: str, intent: str, decision: str = "none") -> str:
    message = Message(
        {
            "text": text,
            "intent": {"name": intent, "confidence": 0.9},
            "intent_ranking": [{"name": intent, "confidence": 0.9}],
            "finding": SimpleNamespace(decision=decision, evidence=None),
        }
    )
    done = ScopeDecision({"data": "nlu_data"}).process([message])[0]
    assert done.get("intent_ranking")[0]["name"] == done.get("intent")["name"]
    return str(done.get("intent")["name"])


@pytest.mark.parametrize(
    ("text", "intent", "decision", "becomes"),
    [
        ("Kết nối wifi công cộng", "describe_need", "answer", "ask_digital_help"),
        ("cho tôi hỏi cách ket noi wifi cong cong ạ", "out_of_scope", "none", "ask_digital_help"),
        ("kết nối wifi công cộng ở bến tàu Hạ Long", "out_of_scope", "none", "out_of_scope"),
        ("kết nối wifi công cộng bến xe", "out_of_scope", "none", "ask_digital_help"),
        ("kết nối wifi công cộng bến xe", "ask_fee", "not_found", "ask_digital_help"),
        ("kết nối wifi công cộng bến xe", "ask_fee", "answer", "ask_fee"),
        ("kết nối wifi công cộng bến xe", "complain_service", "none", "complain_service"),
        ("wifi", "out_of_scope", "none", "ask_digital_help"),
        ("wifi nhà tôi chậm quá", "out_of_scope", "none", "out_of_scope"),
        ('/ask_fee{"procedure_code": "1"}', "out_of_scope", "none", "out_of_scope"),
        ("xin chào", "greet", "none", "greet"),
    ],
)
def test_its_words_lead_to_it_and_others_do_not(text: str, intent: str, decision: str, becomes: str) -> None:
    assert intent_of(text, intent, decision) == intent, "nothing was made yet"
    GUIDES.take({"wifi": WIFI})
    assert intent_of(text, intent, decision) == becomes


def test_one_that_was_taken_off_and_what_cannot_be_read_leads_nowhere() -> None:
    guides = StaffGuides()
    guides.take({"wifi": WIFI | {"retired": True}, "broken": "x", "empty": {"title": None, "names": ["cho"]}})
    assert not guides.names("wifi") and not guides.names("cho") and not guides.names("")
    assert not guides.mentions("kết nối wifi công cộng")
