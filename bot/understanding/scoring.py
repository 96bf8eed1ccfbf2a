"""Scores every name of a route against a message: words first, the encoder's cosines where they are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.understanding.knobs import RankingKnobs
from bot.understanding.lexical import Floats, Match, Query
from bot.understanding.route import Route

_ROWS = 150
"""Names looked at for the best procedures; the tenth procedure is always among them."""
_FULL = 1.2
"""What a message that repeats a name in full collects; scores are given in parts of it."""


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
            - knobs.variant * route.unasked(mended)
        )
        return cls(route, knobs, mended, restored, query, match, words, words + route.prior)

    def add_vector(self, vector: NDArray[np.float32]) -> None:
        """Takes the encoder's view of the message (of `restored`) in."""
        if self.route.vectors is None:
            return
        knobs = self.knobs
        cosines = self.route.vectors @ vector
        # Names without a vector have cosine 0 and stand as if they had nothing in common with anything.
        self.dense = np.clip((cosines - knobs.cosine_zero) / knobs.cosine_span, 0, 1.2)
        self.total = self.words + knobs.dense * self.dense + self.route.prior

    def add_foreign_vector(self, vector: NDArray[np.float32]) -> None:
        """The same where words of the message and of the names are of different languages."""
        if self.route.vectors is None:
            return
        self.dense = np.clip((self.route.vectors @ vector - 0.80) / 0.12, 0, 1.2)
        mixed = (self.words + self.knobs.dense * self.dense) / (1 + self.knobs.dense * 0.5)
        self.total = np.maximum(mixed, 0.9 * self.dense) + self.route.prior

    def best(self, limit: int = 10) -> list[tuple[int, float]]:
        """The best name (row) of each of the best procedures, with the procedure's score.

        A procedure that fits by several of its names is more likely than one that fits by one; a name that
        it does not have at all is taken to fit half as well as its best.
        """
        scored = []
        for own in self._by_procedure():
            best = float(self.total[own[0]])
            others = [max(0.0, float(self.total[row])) for row in own[1:3]]
            lacking = max(0, 3 - int(self.route.sizes[self.route.procedures[own[0]]]))
            score = best + self.knobs.further * (sum(others) + lacking * self.knobs.lacking * best) / 2
            scored.append((own[0], score / _FULL))
        scored.sort(key=lambda pair: -pair[1])
        return scored[:limit]

    def _by_procedure(self) -> Iterator[list[int]]:
        some = min(len(self.total), _ROWS)
        rows = np.argpartition(-self.total, some - 1)[:some]
        rows = rows[np.argsort(-self.total[rows], kind="stable")]
        fits: dict[int, list[int]] = {}
        for row in rows.tolist():
            fits.setdefault(int(self.route.procedures[row]), []).append(row)
        yield from fits.values()
