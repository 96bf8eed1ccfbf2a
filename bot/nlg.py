"""Rasa's natural language generator: picks the language variant and fills in the values."""

from __future__ import annotations

from typing import Any

from rasa.core.nlg.generator import NaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from bot import secrets
from bot.response_files import LANGUAGES, renderers, statuses
from troly.answers.live import Contents
from troly.answers.rendering import Renderer

_BOTH = "\n\n– – –\n\n"


class Changes:
    """What staff changed: response -> language -> text, buttons. Generators look whether it is another."""

    def __init__(self) -> None:
        """Starts with nothing changed."""
        self.contents: Contents = {}

    def take(self, contents: Contents) -> None:
        """From now on these are said in place of what a model brought."""
        self.contents = contents


IN_USE = Changes()
"""Of this process; bot/server.py has it follow the database."""


class LanguageGenerator(NaturalLanguageGenerator):
    """Generates each response in the citizen's language; in both where that is neither."""

    def __init__(
        self,
        endpoint_config: EndpointConfig | None = None,
        domain: Domain | None = None,
        changes: Changes = IN_USE,
    ) -> None:
        """The responses come from the loaded model's domain (set with `domain` or by use_domain)."""
        self._changes = changes
        self._responses = domain.responses if domain else {}
        self._render()

    def use_domain(self, domain: Domain) -> None:
        """Take the responses of a newly loaded model."""
        self._responses = domain.responses
        self._render()

    def _render(self) -> None:
        self._rendered = self._changes.contents
        self._renderers = renderers(self._responses, self._rendered)

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any
    ) -> dict[str, Any] | None:
        """One utterance: text, buttons and, under "custom", language, links and the answer record.

        "secret" there tells the gateway that the next message must not be kept.

        kwargs are the response's values; "answer", "links" and "choices" are structure, and "language"
        overrules the slot (a switch of language is set only after its confirmation is uttered).
        """
        if self._rendered is not self._changes.contents:
            self._render()
        asked = kwargs.get("language")
        languages = (asked,) if asked in LANGUAGES else _languages(tracker)
        chosen = [self._renderers[language] for language in languages]
        message: dict[str, Any] = {
            "text": _BOTH.join(renderer.text(utter_action, kwargs) for renderer in chosen),
            "custom": {
                "language": languages[0],
                "links": _links(chosen, kwargs.get("links") or []),
                "answer": _answer(utter_action, tracker, languages[0], kwargs.get("answer")),
            },
        }
        if kwargs.get("secret") or secrets.awaited(tracker):
            message["custom"]["secret"] = True
        if message["custom"]["answer"]:
            message["custom"]["seen"] = _seen(tracker)
        if buttons := _buttons(chosen, utter_action, kwargs):
            message["buttons"] = buttons
        return message


def _languages(tracker: DialogueStateTracker) -> tuple[str, ...]:
    """The languages to answer in: the slot's, else the visitor's interface, else all."""
    language = tracker.get_slot("language")
    if language is None and tracker.latest_message is not None:
        language = (tracker.latest_message.metadata or {}).get("language_hint")
    if language is None:
        return LANGUAGES
    return (language,) if language in LANGUAGES else tuple(reversed(LANGUAGES))


def _buttons(chosen: list[Renderer], name: str, values: dict[str, Any]) -> list[dict[str, str]]:
    """One button for what does the same in all languages; each its own where they do not."""
    titles: dict[str, list[str]] = {}
    for same in zip(*(renderer.buttons(name, values) for renderer in chosen), strict=True):
        for button in same:
            known = titles.setdefault(button["payload"], [])
            if button["title"] not in known:
                known.append(button["title"])
    return [{"title": " · ".join(known), "payload": payload} for payload, known in titles.items()]


def _links(chosen: list[Renderer], links: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"title": chosen[0].value(link["title"]), "url": str(link["url"])} for link in links]


def _answer(
    name: str, tracker: DialogueStateTracker, language: str, given: dict[str, Any] | None
) -> dict[str, Any] | None:
    """The answer record of the turn; None for a second utterance of the same turn (answer={})."""
    if given is not None and not given:
        return None
    latest = tracker.latest_message
    return {
        "status": statuses().get(name, "answered"),
        "intent": latest.intent.get("name") if latest else None,
        "procedure_code": None,
        "aspect": None,
        "application_code": None,
        "sources": [],
        **(given or {}),
        "language": language,
    }


def _seen(tracker: DialogueStateTracker) -> dict[str, Any] | None:
    """How the message was understood, for the gateway's list of turns; None for a button."""
    latest = tracker.latest_message
    if latest is None or (latest.text or "/").startswith("/"):
        return None
    communes = [entity["value"] for entity in latest.entities if entity.get("entity") == "commune"]
    return {
        "confidence": latest.intent.get("confidence"),
        "second_intent": (latest.parse_data or {}).get("second_intent"),
        "decision": (latest.parse_data or {}).get("procedure_decision"),
        "commune": communes[0] if communes else None,
    }
