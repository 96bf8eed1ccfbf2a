"""Reads bot/responses/ and compiles it into the responses of Rasa's domain."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog
import yaml

from troly.answers.checks import fits
from troly.answers.rendering import Renderer
from troly.answers.responses import FOLDER, LANGUAGES, changed, english_terms, load
from troly.errors import UsageError

__all__ = [
    "FOLDER",
    "LANGUAGES",
    "compile_domain_responses",
    "english_terms",
    "load",
    "renderers",
    "statuses",
]

log = structlog.get_logger("answers")


@lru_cache(maxsize=1)
def statuses() -> Mapping[str, str]:
    """Response name -> status of the answer record, for the responses that rules utter themselves."""
    raw: dict[str, str] = yaml.safe_load((FOLDER / "answers.yml").read_text(encoding="utf-8"))
    return raw


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


def renderers(
    responses: Mapping[str, list[dict[str, Any]]], changes: Mapping[str, Any] | None = None
) -> dict[str, Renderer]:
    """A renderer for each language, from the responses of the loaded domain and what staff changed.

    A change that does not fit the response of this version any more is left out.
    """
    by_language: dict[str, dict[str, dict[str, Any]]] = {language: {} for language in LANGUAGES}
    for name, variants in responses.items():
        for variant in variants:
            for condition in variant.get("condition", []):
                if condition["name"] == "language" and condition["value"] in by_language:
                    by_language[condition["value"]][name] = variant
    for name, change in (changes or {}).items():
        given = {language: (change or {}).get(language) or {} for language in LANGUAGES}
        known = {language: by_language[language].get(name) for language in LANGUAGES}
        if all(known[language] and fits(known[language] or {}, given[language]) for language in LANGUAGES):
            for language in LANGUAGES:
                by_language[language][name] = changed(known[language] or {}, given[language])
        else:
            log.warning("change_does_not_fit", response=name)
    return {
        language: Renderer(language, known, english_terms() if language == "en" else None)
        for language, known in by_language.items()
    }
