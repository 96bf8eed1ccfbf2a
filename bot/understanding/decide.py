"""Intents that a message's form decides before any statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.understanding.rejection import is_gibberish, is_markup, wordless_intent
from bot.understanding.tokens import WORD
from troly.text import fold

_POLITE = frozenset(
    {
        "ma",
        "so",
        "hs",
        "ho",
        "la",
        "code",
        "dossier",
        "number",
        "my",
        "is",
        "the",
        "it",
        "em",
        "anh",
        "chi",
        "ad",
    }
    | {"a", "nha", "nhe", "day", "ne", "cua", "toi", "minh", "here", "da", "vang", "ok"}
)


def by_form(text: str, entities: Mapping[str, Mapping[str, Any]], choices: bool) -> tuple[str, float] | None:
    """An intent with its confidence where form alone decides: no words, a bare code, a bare position.

    `entities` by name; `choices` tells whether the citizen was just offered a list.
    """
    if (intent := wordless_intent(text)) is not None:
        return intent, 0.9
    for name in ("application_code", "malformed_code"):
        if name in entities and _is_bare(text, entities[name]):
            return "inform_application_code", 0.99 if name == "application_code" else 0.9
    if "procedure_code" in entities and _is_bare(text, entities["procedure_code"]):
        return "ask_procedure", 0.95
    if "ordinal" in entities:
        return "affirm", 0.97 if choices else 0.6
    return None


def names_choice(text: str, choices: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the message only repeats words of one offered title ("sắp hết hạn").

    Without this, what the words mean elsewhere would decide: a late application, a lost paper.
    """
    words = set(WORD.findall(fold(text)))
    titles = [set(WORD.findall(fold(_in_all_languages(choice.get("title"))))) for choice in choices]
    return len(words) > 1 and sum(words <= title for title in titles) == 1


def _in_all_languages(title: object) -> str:
    return " ".join(map(str, title.values())) if isinstance(title, Mapping) else str(title)


def rejected(text: str, known: frozenset[str]) -> bool:
    """True where the message is mashed keys or code."""
    return is_gibberish(text, known) or is_markup(text)


def _is_bare(text: str, entity: Mapping[str, Any]) -> bool:
    start, end = int(entity["start"]), int(entity["end"])
    rest = WORD.findall(fold(text[:start] + " " + text[end:]))
    return all(word in _POLITE for word in rest)
