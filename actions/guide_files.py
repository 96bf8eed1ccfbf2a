"""The guides in use: as shipped, with what staff changed; and the search among them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import structlog

from troly.answers.guide_words import telling
from troly.answers.guides import Guide, guide_of, read
from troly.answers.live import MADE, retired

log = structlog.get_logger("guides")

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
        self._words = {guide.id: [telling(name) for name in _names(guide)] for guide in self._guides.values()}
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
        """Those offered where nothing was asked in particular; of two at one place what staff wrote."""
        return sorted((g for g in self._guides.values() if g.common), key=lambda guide: guide.common)

    def search(self, text: str) -> list[Match]:
        """Guides that fit the question, best first; [] when none shares a telling word."""
        asked = telling(text)
        weight = {word: self._weights.get(word, _UNKNOWN_WEIGHT) for word in asked}
        total = sum(weight.values())
        if not total or not self._words:
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


_in_use: list[Library] = []
"""The one that use() made; empty before."""


def library() -> Library:
    """The guides in use now."""
    return _in_use[0] if _in_use else _shipped()


def use(changed: Mapping[str, Any]) -> None:
    """From now on these stand in place of the shipped ones (id -> as a guide's file is written), those that
    staff made beside them, and those that staff took off are gone.

    One that cannot be read, or that changes a guide which is no longer shipped, changes nothing.
    """
    shipped = {guide.id: guide for guide in _shipped().all()}
    theirs: dict[str, Guide] = {}
    for name, raw in changed.items():
        if retired(raw):
            shipped.pop(name, None)
            continue
        try:
            if name in shipped or (isinstance(raw, dict) and raw.get(MADE)):
                theirs[name] = guide_of(name, raw)
        except ValueError as error:
            log.error("guide_not_used", guide=name, reason=str(error))
    others = [guide for name, guide in shipped.items() if name not in theirs]
    _in_use[:] = [Library([*theirs.values(), *others])] if changed else []


@lru_cache(maxsize=1)
def _shipped() -> Library:
    return Library(read())
