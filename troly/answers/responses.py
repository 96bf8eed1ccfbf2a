"""The response texts as shipped, in bot/responses/."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from troly import yaml_files
from troly.errors import UsageError
from troly.settings import ROOT

FOLDER = ROOT / "bot" / "responses"
LANGUAGES = ("vi", "en")


def load(language: str, folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """The responses of one language: name -> {"text", "buttons"?}. A bare text is short for {"text"}.

    From vi.yml and, a file a service, <service>.vi.yml. Raises UsageError for a name in two files.
    """
    loaded: dict[str, dict[str, Any]] = {}
    for responses in by_service(language, folder).values():
        loaded |= responses
    return loaded


def by_service(language: str, folder: Path = FOLDER) -> dict[str, dict[str, dict[str, Any]]]:
    """The same by file: service -> responses; those of vi.yml belong to "general". Raises as load()."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    known: set[str] = set()
    for path in [folder / f"{language}.yml", *sorted(folder.glob(f"*.{language}.yml"))]:
        raw = yaml_files.read(path)
        if twice := sorted(known & raw.keys()):
            raise UsageError(f"{path.name}: {', '.join(twice)}: already in another file of bot/responses")
        known |= raw.keys()
        service = path.name.removesuffix(".yml").removesuffix(f".{language}")
        found["general" if service == language else service] = {
            name: value if isinstance(value, dict) else {"text": value} for name, value in raw.items()
        }
    return found


def changed(response: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The response with another text and other titles on its buttons; what the buttons do stays."""
    made = {**response, "text": str(given["text"])}
    if own := response.get("buttons"):
        titles = given.get("buttons") or []
        made["buttons"] = [{**button, "title": str(title)} for button, title in zip(own, titles, strict=True)]
    return made


@lru_cache(maxsize=1)
def english_terms() -> Mapping[str, str]:
    """Official Vietnamese terms, lower case -> plain English."""
    raw: dict[str, str] = yaml_files.read(FOLDER / "terms_en.yml")
    return {" ".join(term.lower().split()): english for term, english in raw.items()}
