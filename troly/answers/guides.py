"""The guides as shipped, in actions/data/guides/: how-to texts in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from troly import yaml_files
from troly.answers.responses import LANGUAGES
from troly.errors import UsageError
from troly.settings import ROOT

FOLDER = ROOT / "actions" / "data" / "guides"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do."""

    text: Mapping[str, str]
    stuck: Mapping[str, str]
    """What to try when it does not work; empty where the guide's common advice serves."""


@dataclass(frozen=True, slots=True)
class Guide:
    """A how-to in both languages."""

    id: str
    title: Mapping[str, str]
    needs: Mapping[str, str]
    """What to have at hand."""
    names: tuple[str, ...]
    """How people ask for it, any language."""
    steps: tuple[Step, ...]
    stuck: Mapping[str, str]
    source: Mapping[str, str]
    """title, url (may be empty) and as_of, the day on which someone checked it."""
    common: int
    """Place among the topics offered without a question; 0: not among them."""


def read(folder: Path = FOLDER) -> list[Guide]:
    """Every guide of a folder. Raises UsageError for a file that `troly data check` would name."""
    guides = []
    for path in sorted(folder.glob("*.yml")):
        try:
            guides.append(guide_of(path.stem, yaml_files.read(path)))
        except ValueError as error:
            raise UsageError(f"{path.name}: {error}; run: troly data check") from error
        except yaml.YAMLError as error:
            raise UsageError(f"{path.name}: no guide ({error!r}); run: troly data check") from error
    return guides


def raw_guides(folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """The guides as they are written: id -> title, needs, names, steps, stuck, source, common."""
    return {path.stem: yaml_files.read(path) for path in sorted(folder.glob("*.yml"))}


def guide_of(name: str, raw: Any) -> Guide:
    """A guide from what is written. Raises ValueError where something is missing."""
    try:
        return _guide(name, raw)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no guide ({error!r})") from error


def _guide(name: str, raw: dict[str, Any]) -> Guide:
    def both(text: Any) -> dict[str, str]:
        return {language: str(text[language]).strip() for language in LANGUAGES}

    return Guide(
        id=name,
        title=both(raw["title"]),
        needs=both(raw["needs"]),
        names=tuple(map(str, raw["names"])),
        steps=tuple(
            Step(both(step), both(step["stuck"]) if "stuck" in step else {}) for step in raw["steps"]
        ),
        stuck=both(raw["stuck"]),
        source={
            "title": str(raw["source"]["title"]),
            "url": str(raw["source"].get("url") or ""),
            "as_of": str(raw["source"]["as_of"]),
        },
        common=int(raw.get("common") or 0),
    )
