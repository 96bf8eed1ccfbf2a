"""Scores the procedures of a route against a message: by the words of their names, by the encoder's cosines
where they are known, and by what else speaks for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.understanding.knobs import RankingKnobs
from bot.understanding.lexical import Floats, Match, Query
from bot.understanding.route import Route

_ROWS = 150
"""Names looked at for the best procedures; the tenth procedure is always among them."""
WHOLE = 0.97
"""The share of a message, or of a name, from which on the other contains it."""
_NEARLY = 0.9
"""The share of a message that a name of which it has the whole must have for them to be the same: a message
may ask besides."""
_FULL = 1.2
"""What a message that repeats a name in full collects; scores are given in parts of it."""


class Scored(NamedTuple):
    """A procedure by its best name (a row): how well its names fit, about 0..1, and with all beside them."""

    row: int
    named: float
    score: float


@dataclass(slots=True)
class Scores:
    """A message against all names of a route; arrays have one number a name."""

    route: Route
    knobs: RankingKnobs
    text: str
    restored: str
    query: Query
    match: Match
    words: Floats
    """Score by words alone."""
    total: Floats
    beside: Floats | None = None
    """One a served procedure: what else speaks for it, in scores."""
    dense: Floats | None = None
    """Closeness by the encoder, about 0..1."""

    @classmethod
    def by_words(cls, route: Route, knobs: RankingKnobs, text: str, restored: str) -> Scores:
        """Without the encoder. `restored` has the Vietnamese marks that `text` may lack."""
        mended = route.analyzer.mend(text)
        restored = mended if restored == text else restored
        query = route.analyzer.query(mended)
        match = route.index.match(query)
        if route.accented is not None:
            # Restored text has marks too: a mistake of the restorer costs this share only.
            marked = query if restored == mended else route.analyzer.query(restored)
            if not all(word.isascii() for word in marked.accented):
                match = match.mixed_with(route.accented.match(marked.with_marks()), knobs.accents)
        words = (
            knobs.asked * match.asked
            + knobs.named * match.named
            + knobs.both * np.sqrt(match.asked * match.named)
            + knobs.pairs * match.pairs
            + knobs.spelled * match.spelled
            + knobs.whole * ((match.asked >= _NEARLY) & (match.named >= WHOLE))
            - knobs.variant * route.unasked(mended)
        )
        return cls(route, knobs, mended, restored, query, match, words, words + route.prior)

    def add_vector(self, vector: NDArray[np.float32], *, foreign: bool = False) -> None:
        """Takes the encoder's view of the message (of `restored`) in; `foreign` where that is Chinese, Korean
        or Japanese."""
        if self.route.vectors is None:
            return
        knobs = self.knobs
        zero = knobs.cosine_zero_foreign if foreign else knobs.cosine_zero
        span = knobs.cosine_span_foreign if foreign else knobs.cosine_span
        cosines = self.route.vectors @ vector
        # Names without a vector have cosine 0 and stand as if they had nothing in common with anything.
        self.dense = np.clip((cosines - zero) / span, 0, 1.2)
        self.total = self.words + knobs.dense * self.dense + self.route.prior

    def best(self, limit: int = 10) -> list[Scored]:
        """The best name (row) of each of the best procedures.

        A procedure that fits by several of its names is more likely than one that fits by one; a name that
        it does not have at all is taken to fit half as well as its best.
        """
        scored = []
        for own in self._by_procedure():
            procedure = int(self.route.procedures[own[0]])
            best = float(self.total[own[0]])
            others = [max(0.0, float(self.total[row])) for row in own[1:3]]
            lacking = max(0, 3 - int(self.route.sizes[procedure]))
            named = best + self.knobs.further * (sum(others) + lacking * self.knobs.lacking * best) / 2
            beside = 0.0 if self.beside is None else float(self.beside[procedure])
            scored.append(Scored(own[0], named / _FULL, named / _FULL + beside))
        scored.sort(key=lambda one: -one.score)
        return scored[:limit]

    def _by_procedure(self) -> Iterator[list[int]]:
        total = self.total
        if self.beside is not None:
            total = total + _FULL * self.beside[self.route.procedures]
        some = min(len(total), _ROWS)
        rows = np.argpartition(-total, some - 1)[:some]
        rows = rows[np.argsort(-total[rows], kind="stable")]
        fits: dict[int, list[int]] = {}
        for row in rows.tolist():
            fits.setdefault(int(self.route.procedures[row]), []).append(row)
        yield from fits.values()
