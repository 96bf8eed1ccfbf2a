"""Where the encoder alone would have said another intent, the parse data keep it for reviewers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rasa.shared.nlu.training_data.message import Message

from bot.components import intent_classifier
from bot.components.intent_classifier import CitizenIntentClassifier

LABELS = ["ask_fee", "ask_place"]


class Opinion:
    """A model that always has the same opinion."""

    def __init__(self, *probabilities: float) -> None:
        self.labels = LABELS
        self._probabilities = np.array(probabilities)

    def probabilities(self, _of: Any) -> Any:
        return self._probabilities


def parsed(first: Opinion, second: Opinion, monkeypatch: pytest.MonkeyPatch) -> Message:
    monkeypatch.setattr(intent_classifier, "query_vector", lambda _text: np.zeros(4, dtype=np.float32))
    config = CitizenIntentClassifier.get_default_config()
    component: Any = CitizenIntentClassifier(config, None, None, first, second, frozenset({"thu", "tuc"}))  # type: ignore[arg-type]
    message = Message({"text": "thu tuc nay the nao"})
    return component.process([message])[0]


def test_a_second_opinion_that_differs_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    message = parsed(Opinion(0.6, 0.4), Opinion(0.2, 0.8), monkeypatch)
    assert message.get("second_intent") == "ask_place"
    assert "second_intent" in message.as_dict(only_output_properties=True)


@pytest.mark.parametrize("first", [Opinion(0.6, 0.4), Opinion(0.99, 0.01)])
def test_an_opinion_that_agrees_or_was_not_asked_for_is_not(
    first: Opinion, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = Opinion(0.9, 0.1) if first.probabilities(None)[0] < 0.9 else Opinion(0.1, 0.9)
    assert parsed(first, second, monkeypatch).get("second_intent") is None
