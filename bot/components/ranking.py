"""The intents of a message, most likely first, as the components read and change them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY
from rasa.shared.nlu.training_data.message import Message


def intent_of(message: Message) -> str | None:
    """The name of the message's intent; None before it has one."""
    name: str | None = (message.get(INTENT) or {}).get("name")
    return name


def confidences(message: Message) -> dict[str, float]:
    """Intent -> confidence, most likely first."""
    return {one["name"]: float(one["confidence"]) for one in message.get(INTENT_RANKING_KEY) or []}


def rank(message: Message, ranking: Iterable[tuple[str, float]]) -> None:
    """Set the intents; the first is the message's."""
    made: list[dict[str, Any]] = [{"name": name, "confidence": round(share, 4)} for name, share in ranking]
    message.set(INTENT, dict(made[0]), add_to_output=True)
    message.set(INTENT_RANKING_KEY, made, add_to_output=True)


def put_first(message: Message, intent: str, confidence: float) -> None:
    """Make `intent` the message's; the others stay behind it in their order."""
    others = ((name, share) for name, share in confidences(message).items() if name != intent)
    rank(message, [(intent, confidence), *others])
