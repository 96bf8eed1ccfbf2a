"""What a citizen writes while a form waits for a secret is masked in everything that Rasa stores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rasa.shared.core.events import ActiveLoop, Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from troly.privacy import MASK

FORMS = frozenset({"verify_form"})
"""Forms that ask for what must not be kept."""


RANKED = 5
"""How many of a message's possible intents are kept; the console shows as many."""

_CARRIERS = frozenset({"metadata", "parse_data", "value", "session_started_metadata"})


def awaited(tracker: DialogueStateTracker) -> bool:
    """Whether the next message may hold a secret."""
    return tracker.active_loop_name in FORMS


def secret_messages(events: Sequence[Event]) -> set[int]:
    """The places, among all events of a tracker, of the citizen's messages that may hold a secret.

    Those that came while a form of FORMS was open; those that the gateway says are secret; and those that
    it sends again, because an answer was lost after the form had closed. A pressed button holds none.
    """
    found: set[int] = set()
    sent: set[str] = set()
    form: str | None = None
    for place, event in enumerate(events):
        if isinstance(event, ActiveLoop):
            form = event.name
        elif isinstance(event, UserUttered) and not (event.text or "").startswith("/"):
            metadata = event.metadata or {}
            message_id = str(metadata.get("message_id") or "")
            if form in FORMS or metadata.get("secret") or message_id in sent:
                found.add(place)
                sent |= {message_id} - {""}
    return found


def as_stored(events: Sequence[Event], begin: int) -> Iterable[dict[str, Any]]:
    """The events from `begin` on as they are written down."""
    secret = secret_messages(events)
    for place, event in enumerate(events[begin:], start=begin):
        data: dict[str, Any] = without_visitor(event.as_dict())
        if isinstance(event, UserUttered):
            data = _masked(data) if place in secret else _shortened(data)
        yield data


def without_visitor(value: Any) -> Any:
    """The value without the hash of the visitor's address, wherever Rasa has put the message's metadata."""
    if not isinstance(value, dict):
        return value
    return {
        name: without_visitor(inner) if name in _CARRIERS else inner
        for name, inner in value.items()
        if name != "visitor"
    }


def _shortened(data: dict[str, Any]) -> dict[str, Any]:
    """With no more of the ranking than staff are shown."""
    parsed = data.get("parse_data") or {}
    ranking = parsed.get("intent_ranking") or []
    if len(ranking) <= RANKED:
        return data
    return {**data, "parse_data": {**parsed, "intent_ranking": ranking[:RANKED]}}


def _masked(data: dict[str, Any]) -> dict[str, Any]:
    """A UserUttered of which only the intent, the language and the message's id are left."""
    parsed = data.get("parse_data") or {}
    intent = parsed.get("intent") or {}
    kept = {name: parsed[name] for name in ("message_id", "metadata", "language") if name in parsed}
    masked = {**kept, "text": MASK, "intent": intent, "entities": [], "intent_ranking": []}
    return {**data, "text": MASK, "parse_data": masked}
