"""Whether a message tells of danger to life right now: fire, crime, accident, someone who needs a doctor.

A word list (emergencies.yml), not a classifier: what it knows is tested sentence by sentence, and it knows
the ordinary messages that sound alike ("phòng cháy chữa cháy cần thủ tục gì").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml

from troly.text import fold

Emergency = Literal["fire", "crime", "accident", "ambulance", "danger"]
"""fire: also rescue (114). danger: a cry for help that does not say which."""

FILE = Path(__file__).parent / "emergencies.yml"

_LONGEST = 400
"""Characters of a message that are read; a cry for help is short."""

_MARK = re.compile("[\u0300-\u036f]|đ")

Patterns = Mapping[Emergency, re.Pattern[str]]


@dataclass(frozen=True, slots=True)
class _Words:
    figures: re.Pattern[str]
    papers: re.Pattern[str]
    now: re.Pattern[str]
    marked: Patterns
    plain: Patterns
    english: Patterns


def emergency_in(text: str) -> Emergency | None:
    """The emergency that a citizen's message tells of; None for everything else."""
    lowered = unicodedata.normalize("NFC", text[:_LONGEST].lower())
    if lowered.startswith("/"):
        return None
    words = _words()
    read = words.figures.sub(" ", lowered)
    folded = fold(read)
    if words.papers.search(folded) and not words.now.search(folded):
        return None
    if _MARK.search(unicodedata.normalize("NFD", lowered)):
        return _first(words.marked, read)
    return _first(words.plain, folded) or _first(words.english, folded)


def _first(patterns: Patterns, text: str) -> Emergency | None:
    return next((kind for kind, pattern in patterns.items() if pattern.search(text)), None)


@lru_cache(maxsize=1)
def _words() -> _Words:
    raw = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return _Words(
        figures=_any(raw["figures"]),
        papers=re.compile(rf"\b(?:{'|'.join(raw['papers'])})\b"),
        now=re.compile(rf"\b(?:{'|'.join(raw['now'])})\b"),
        marked={kind: _any(found) for kind, found in raw["marked"].items()},
        plain={kind: _any(found) for kind, found in raw["plain"].items()},
        english={kind: _any(found) for kind, found in raw["english"].items()},
    )


def _any(alternatives: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(alternatives))
