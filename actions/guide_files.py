"""The guides of actions/data/guides/: how-to texts that editors write, and the search among them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from troly.errors import UsageError
from troly.text import fold

FOLDER = Path(__file__).parent / "data" / "guides"
_LANGUAGES = ("vi", "en")
_WORDS = re.compile(r"[^\W_]+")
_IGNORED = frozenset(
    _WORDS.findall(
        "toi em minh anh chi a oi nhe cho hoi lam sao nao the gi duoc khong ko k la co bi thi de tren va voi "
        "cach huong dan giup i my me the a an to is do does how can what on in for of it with and please "
        "help cannot t"
    )
)
_SURE = 0.55
"""Share of the question's weight that the first guide explains, and …"""
_AHEAD = 1.25
"""… how many times as much as the second: below, the citizen is asked."""
_WHOLE = 0.95
"""A guide asked for in its own words, whatever the second has. All set on tests/actions/test_guides.py."""
_UNKNOWN_WEIGHT = 2.0
"""Of a word that no guide has: it counts against all of them."""
_WORTH_OFFERING = 0.3


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


@dataclass(frozen=True, slots=True)
class Match:
    """A guide that a question may mean."""

    guide: Guide
    score: float
    """0..1, the weighted share of the question's words that the guide has."""
    sure: bool


class Library:
    """All guides, searchable."""

    def __init__(self, guides: Iterable[Guide]) -> None:
        """Builds the word index."""
        self._guides = {guide.id: guide for guide in guides}
        self._words = {guide.id: [_words(name) for name in _names(guide)] for guide in self._guides.values()}
        known = Counter(
            word for names in self._words.values() for word in {word for name in names for word in name}
        )
        self._weights = {word: 1 + math.log(len(self._guides) / number) for word, number in known.items()}

    def get(self, name: str) -> Guide | None:
        """The guide with this id."""
        return self._guides.get(name)

    def all(self) -> list[Guide]:
        """Every guide."""
        return list(self._guides.values())

    def common(self) -> list[Guide]:
        """Those offered where nothing was asked in particular."""
        return sorted((g for g in self._guides.values() if g.common), key=lambda guide: guide.common)

    def search(self, text: str) -> list[Match]:
        """Guides that fit the question, best first; [] when none shares a telling word."""
        asked = _words(text)
        weight = {word: self._weights.get(word, _UNKNOWN_WEIGHT) for word in asked}
        total = sum(weight.values())
        if not total:
            return []
        scored = sorted(
            ((self._score(weight, total, names), key) for key, names in self._words.items()), reverse=True
        )
        best = scored[0][0]
        ahead = len(scored) < 2 or best >= _AHEAD * scored[1][0] or best >= _WHOLE
        return [
            Match(self._guides[key], score, sure=place == 0 and score >= _SURE and ahead)
            for place, (score, key) in enumerate(scored[:8])
            if score >= _WORTH_OFFERING
        ]

    def _score(self, weight: Mapping[str, float], total: float, names: list[frozenset[str]]) -> float:
        """The best name decides: how much of the question it explains, and of it the question."""

        def fit(name: frozenset[str]) -> float:
            shared = sum(weight[word] for word in name & weight.keys())
            own = sum(self._weights[word] for word in name)
            return 0.65 * shared / total + 0.35 * shared / own if own else 0.0

        return max(map(fit, names), default=0.0)


def _names(guide: Guide) -> list[str]:
    return [*guide.names, *guide.title.values()]


def _words(text: str) -> frozenset[str]:
    return frozenset(word for word in _WORDS.findall(fold(text)) if word not in _IGNORED)


def read(folder: Path = FOLDER) -> list[Guide]:
    """Every guide of a folder. Raises UsageError for a file that `troly data check` would name."""
    return [_read(path) for path in sorted(folder.glob("*.yml"))]


def _read(path: Path) -> Guide:
    try:
        return _guide(path.stem, yaml.safe_load(path.read_text(encoding="utf-8")))
    except (AttributeError, KeyError, TypeError, yaml.YAMLError) as error:
        raise UsageError(f"{path.name}: no guide ({error!r}); run: troly data check") from error


def _guide(name: str, raw: dict[str, Any]) -> Guide:
    def both(text: Any) -> dict[str, str]:
        return {language: str(text[language]).strip() for language in _LANGUAGES}

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


@lru_cache(maxsize=1)
def library() -> Library:
    """The guides of this version, read once."""
    return Library(read())
