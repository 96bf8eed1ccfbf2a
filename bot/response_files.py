"""Reads bot/responses/ and compiles it into the responses of Rasa's domain."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from bot.rendering import Renderer
from troly.errors import UsageError

FOLDER = Path(__file__).parent / "responses"
LANGUAGES = ("vi", "en")


def load(language: str, folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """The responses of one language: name -> {"text", "buttons"?}. A bare text is short for {"text"}.

    From vi.yml and, a file a service, <service>.vi.yml. Raises UsageError for a name in two files.
    """
    loaded: dict[str, dict[str, Any]] = {}
    for path in [folder / f"{language}.yml", *sorted(folder.glob(f"*.{language}.yml"))]:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        if twice := sorted(loaded.keys() & raw.keys()):
            raise UsageError(f"{path.name}: {', '.join(twice)}: already in another file of bot/responses")
        loaded |= {name: value if isinstance(value, dict) else {"text": value} for name, value in raw.items()}
    return loaded


@lru_cache(maxsize=1)
def statuses() -> Mapping[str, str]:
    """Response name -> status of the answer record, for the responses that rules utter themselves."""
    raw: dict[str, str] = yaml.safe_load((FOLDER / "answers.yml").read_text(encoding="utf-8"))
    return raw


@lru_cache(maxsize=1)
def english_terms() -> Mapping[str, str]:
    """Official Vietnamese terms, lower case -> plain English."""
    raw: dict[str, str] = yaml.safe_load((FOLDER / "terms_en.yml").read_text(encoding="utf-8"))
    return {" ".join(term.lower().split()): english for term, english in raw.items()}


def compile_domain_responses(folder: Path = FOLDER) -> dict[str, list[dict[str, Any]]]:
    """All responses in the form of Rasa's domain: one variant a language, and one with both for the rest.

    Rasa gives an unknown language nothing unless there is a variant without a condition.
    Raises UsageError when the languages do not have the same keys.
    """
    by_language = {language: load(language, folder) for language in LANGUAGES}
    first, second = (set(by_language[language]) for language in LANGUAGES)
    if first != second:
        missing = sorted(first ^ second)
        raise UsageError(f"bot/responses: these keys are not in both languages: {', '.join(missing)}")
    compiled: dict[str, list[dict[str, Any]]] = {}
    for name in by_language["vi"]:
        variants = [
            {
                **by_language[language][name],
                "condition": [{"type": "slot", "name": "language", "value": language}],
            }
            for language in LANGUAGES
        ]
        both = {
            "text": "\n\n".join(str(by_language[language][name].get("text", "")) for language in LANGUAGES)
        }
        compiled[name] = [*variants, both]
    return compiled


def renderers(responses: Mapping[str, list[dict[str, Any]]]) -> dict[str, Renderer]:
    """A renderer for each language, from the responses of the loaded domain."""
    by_language: dict[str, dict[str, dict[str, Any]]] = {language: {} for language in LANGUAGES}
    for name, variants in responses.items():
        for variant in variants:
            for condition in variant.get("condition", []):
                if condition["name"] == "language" and condition["value"] in by_language:
                    by_language[condition["value"]][name] = variant
    return {
        language: Renderer(language, known, english_terms() if language == "en" else None)
        for language, known in by_language.items()
    }
