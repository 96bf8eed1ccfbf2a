"""A message about nothing, said while a procedure is talked of: it goes on with that one, or it does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rasa.shared.core.events import ActiveLoop
from rasa.shared.core.slots import AnySlot
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.training_data.message import Message

from bot import follow_up_training, head_training
from bot.components import follow_up
from bot.components.follow_up import FollowUpDecision
from bot.understanding.follow_ups import FOLLOWS, LIKELY, OTHER, FollowUps
from bot.understanding.second_opinion import EncoderHead
from troly.settings import ROOT


class Opinion:
    """A model that always has the same opinion."""

    def __init__(self, probability: float) -> None:
        self._probability = probability

    def probability(self, _vector: Any, _confidence: float, *, outside: bool) -> float:
        return self._probability


def talk(loop: str | None = None, **slots: Any) -> DialogueStateTracker:
    tracker = DialogueStateTracker("c", [AnySlot(name, [{}], initial_value=slots[name]) for name in slots])
    if loop:
        tracker.update(ActiveLoop(loop))
    return tracker


def parsed(
    monkeypatch: pytest.MonkeyPatch,
    opinion: float | None,
    *,
    intent: str = "out_of_scope",
    confidence: float = 0.9,
    documents: float = 0.05,
    text: str = "mẹ tôi yếu lắm",
    tracker: DialogueStateTracker | None = None,
) -> Message:
    monkeypatch.setattr(follow_up, "query_vector", lambda _text: np.zeros(4, dtype=np.float32))
    ranking = [{"name": intent, "confidence": confidence}, {"name": "ask_documents", "confidence": documents}]
    message = Message({"text": text, "intent": dict(ranking[0]), "intent_ranking": ranking})
    model: Any = None if opinion is None else Opinion(opinion)
    component: Any = FollowUpDecision({"data": "nlu_data"}, None, None, model)  # type: ignore[arg-type]
    found: Message = component.process([message], tracker)[0]
    return found


FOCUS, CHOICES = {"procedure_code": "1.001193"}, {"choices": [{"title": "a"}]}


@pytest.mark.parametrize("slots", [FOCUS, CHOICES])
@pytest.mark.parametrize(("documents", "asked"), [(0.3, "ask_documents"), (0.05, "ask_requirements")])
def test_a_message_out_of_scope_may_go_on_with_what_is_talked_of(
    monkeypatch: pytest.MonkeyPatch, slots: dict[str, Any], documents: float, asked: str
) -> None:
    message = parsed(monkeypatch, LIKELY, documents=documents, tracker=talk(**slots))
    assert message.get("intent")["name"] == "out_of_scope"
    assert message.get("follow_up") == asked


@pytest.mark.parametrize(
    ("opinion", "tracker"),
    [
        (LIKELY - 0.01, talk(**FOCUS)),
        (1.0, None),
        (1.0, talk()),
        (1.0, talk(procedure_code=None)),
        (1.0, talk("report_form", **FOCUS)),
    ],
)
def test_it_does_not_where_it_looks_otherwise_or_nothing_is_talked_of(
    monkeypatch: pytest.MonkeyPatch, opinion: float, tracker: DialogueStateTracker | None
) -> None:
    assert parsed(monkeypatch, opinion, tracker=tracker).get("follow_up") == ""


def test_a_message_of_another_intent_becomes_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    message = parsed(monkeypatch, 1.0, intent="talk_to_human", documents=0.25, tracker=talk(**FOCUS))
    assert message.get("intent")["name"] == "ask_documents"
    assert [one["name"] for one in message.get("intent_ranking")] == ["ask_documents", "talk_to_human"]
    assert (message.get("follow_up"), message.get("procedures")) == ("", [])


@pytest.mark.parametrize(
    ("intent", "confidence"),
    [
        ("talk_to_human", 0.96),
        ("deny", 0.5),
        ("thank", 0.5),
        ("ask_fee", 0.5),
        ("inform_application_code", 0.5),
    ],
)
def test_what_is_clear_or_answers_the_assistant_stays(
    monkeypatch: pytest.MonkeyPatch, intent: str, confidence: float
) -> None:
    message = parsed(monkeypatch, 1.0, intent=intent, confidence=confidence, tracker=talk(**FOCUS))
    assert message.get("intent")["name"] == intent


@pytest.mark.parametrize("text", ["/greet", "/ask_fee{}"])
def test_a_pressed_button_means_what_it_says(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    assert parsed(monkeypatch, 1.0, text=text, tracker=talk(**FOCUS)).get("follow_up") == ""


@pytest.mark.parametrize(("confidence", "goes_on"), [(0.86, True), (0.88, False)])
@pytest.mark.parametrize("opinion", [None, 1.0])
def test_without_an_encoder_or_its_languages_the_intent_alone_tells(
    monkeypatch: pytest.MonkeyPatch, opinion: float | None, confidence: float, goes_on: bool
) -> None:
    text = "mẹ tôi yếu lắm" if opinion is None else "我妈妈很弱"
    message = parsed(monkeypatch, opinion, confidence=confidence, text=text, tracker=talk(**FOCUS))
    assert bool(message.get("follow_up")) is goes_on


def test_it_learns_what_further_messages_look_like() -> None:
    vectors = np.array([[1, 0.1 * n] for n in range(6)] + [[0, 0.1 * n] for n in range(6)], np.float16)
    model = FollowUps(EncoderHead.train(vectors, [FOLLOWS] * 6 + [OTHER] * 6))
    like, unlike = (np.array([x, 0.2], np.float32) for x in (1, 0))
    assert model.probability(like, 0.6, outside=True) > model.probability(unlike, 0.6, outside=True)
    assert model.probability(like, 0.6, outside=True) > model.probability(like, 0.99, outside=True)
    assert model.probability(like, 0.6, outside=True) > model.probability(like, 0.6, outside=False)


def test_without_an_encoder_nothing_is_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_training, "sentence_vectors", lambda _texts: None)
    assert follow_up_training.train_follow_ups(ROOT / "nlu_data", ["xin chào"]) is None
