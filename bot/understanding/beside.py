"""What speaks for a procedure beside its names: its record, what was talked of before, who the citizen is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.understanding.ages import AgeLimits
from bot.understanding.data import read_yaml
from bot.understanding.knobs import RankingKnobs
from bot.understanding.lexical import Floats, Query
from bot.understanding.record_index import RecordIndex
from bot.understanding.route import Route, Served
from bot.understanding.topic import Topic

_REMEMBERED = 256
"""Procedures talked of for which is remembered what is like them: 20 kB each."""
_FOREIGN = "người nước ngoài"
_VIETNAMESE = re.compile(r"^(?!.*nước ngoài).*(?:(?:công dân|người) việt nam|trong nước)")


@dataclass(frozen=True, slots=True)
class Foreigners:
    """Procedures for Vietnamese alone, where those who have to do with a foreigner have one of their own."""

    not_theirs: frozenset[str] = frozenset()
    spoken_of: Callable[[str], bool] = lambda text: False
    """Whether a message names a foreigner."""

    @classmethod
    def of(cls, root: Path) -> Foreigners:
        """From the titles of the options in siblings.yml, and the words of carriers.yml."""
        codes: set[str] = set()
        for group in read_yaml(root / "siblings.yml") or []:
            titles = {str(option["code"]): option["vi"].lower() for option in group.get("options") or []}
            if any(_FOREIGN in title for title in titles.values()):
                codes |= {code for code, title in titles.items() if _VIETNAMESE.search(title)}
        return cls(frozenset(codes), Topic.of(root).speaks_of_a_foreigner)


@dataclass(slots=True)
class Beside:
    """Adds to the scores of the served procedures, each by its place."""

    served: Sequence[Served]
    places: Mapping[str, int]
    knobs: RankingKnobs
    names: Route | None
    """The Vietnamese names."""
    records: RecordIndex | None
    """What the procedures' records say; None where only their names are known."""
    foreigners: Foreigners
    _recorded: NDArray[np.intp] | None = field(init=False, default=None)
    """Per served procedure the place of its record; one past the last where there is none."""
    _not_theirs: Floats = field(init=False)
    _ages: AgeLimits = field(init=False)
    _related: dict[str, Floats] = field(init=False, default_factory=dict)
    """By the code talked of, how much each served procedure is like it."""

    def __post_init__(self) -> None:
        codes = [item.code for item in self.served]
        if self.records is not None:
            at = {code: place for place, code in enumerate(self.records.stated)}
            self._recorded = np.array([at.get(code, len(at)) for code in codes])
        self._not_theirs = np.array([code in self.foreigners.not_theirs for code in codes], np.float32)
        self._ages = AgeLimits.of(self.served)

    def scores(self, query: Query, text: str, focus: str | None, *, vietnamese: bool) -> Floats | None:
        """What is added for the message `text`, of which `query` has the words, after `focus` was talked of.

        Records are in Vietnamese, and say nothing about a message that is not. None where nothing is added.
        """
        parts: list[Floats] = []
        if vietnamese and self.records is not None and self._recorded is not None:
            shares = np.append(self.records.shares(query.words), np.float32(0))
            parts.append(self.knobs.records * shares[self._recorded])
        if focus is not None and focus in self.places:
            parts.append(self._like(focus))
        if self.foreigners.not_theirs and self.foreigners.spoken_of(text):
            parts.append(-self.knobs.foreigner * self._not_theirs)
        if (outside := self._ages.too_young_or_old(text)) is not None:
            parts.append(-self.knobs.age * outside)
        return sum(parts[1:], start=parts[0]) if parts else None

    def _like(self, focus: str) -> Floats:
        """How much each served procedure is like the one of this code."""
        if (known := self._related.get(focus)) is None:
            if len(self._related) >= _REMEMBERED:
                self._related.clear()
            item = self.served[self.places[focus]]
            known = np.array(
                [self.knobs.same_field * (one.field == item.field != "") for one in self.served], np.float32
            )
            if self.names is not None:
                known = known + self.knobs.same_words * self._sharing(self.names, item.name)
            self._related[focus] = known
        return known

    def _sharing(self, route: Route, name: str) -> Floats:
        """Per served procedure the share of the words of `name` that stand in one of its names."""
        shared = np.zeros(len(self.served), dtype=np.float32)
        np.maximum.at(shared, route.procedures, route.index.match(route.analyzer.query(name)).asked)
        return shared
