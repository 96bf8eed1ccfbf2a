"""Finds the administrative procedure that a message means, among thousands of official names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bot.understanding.analysis import Analyzer
from bot.understanding.certainty import Evidence
from bot.understanding.lexical import Floats, Match, Query
from bot.understanding.route import Route, Served, build_route
from bot.understanding.syllables import vietnamese_shaped
from bot.understanding.tokens import folded_words, is_cjk

Decision = Literal["answer", "choose", "not_found", "none"]


_FULL = 1.2
"""What a message that repeats a name in full collects; scores are given in parts of it."""
_WORTHLESS = 0.12
_LITTLE = 6.0
"""The weight of content words below which the encoder is not asked about a follow-up."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A procedure with its score, about 0..1."""

    code: str
    name: str
    score: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found: at most ten candidates, best first; what to do with them; and `mention`, the share
    (0..1) of the message that is about a procedure at all: low in "how much is it", high in a name."""

    procedures: tuple[Candidate, ...] = ()
    decision: Decision = "none"
    mention: float = 0.0
    encoded: bool = False


@dataclass(frozen=True, slots=True)
class Knobs:
    """The few numbers of the ranking, set on tests/nlu and
    tests/bot/finder_messages.yml, never on evaluation files.

    Around these values the results hardly change: what is left is a matter of names, not of numbers.
    """

    asked: float = 0.32
    named: float = 0.30
    both: float = 0.30
    pairs: float = 0.08
    spelled: float = 0.20
    dense: float = 0.45
    accents: float = 0.4
    variant: float = 0.09
    commune_or_province: float = 0.02
    everyday_names: float = 0.05
    cosine_zero: float = 0.80
    cosine_one: float = 0.92
    further: float = 0.2
    """What the second and third best name of a procedure add, on average."""
    sure: float = 0.84
    found: float = 0.5
    follow_up: float = 0.1
    answer: float = 0.80


@dataclass(slots=True)
class Finder:
    """Routes of names by language: Vietnamese names and everyday names; English titles and names; others."""

    served: Sequence[Served]
    citizens: Mapping[str, Mapping[str, Sequence[str]]]
    analyzers: Mapping[str, Analyzer]
    vectors: Mapping[str, NDArray[np.float16]] = field(default_factory=dict)
    knobs: Knobs = field(default_factory=Knobs)
    _routes: dict[str, Route] = field(default_factory=dict)
    _by_code: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_code = {item.code: i for i, item in enumerate(self.served)}
        priors = self._priors()
        for language in ("vi", "en", "other"):
            analyzer = self.analyzers["en" if language == "en" else "vi"]
            route = build_route(language, analyzer, self.served, self.citizens, self.vectors, priors)
            if route is not None:
                self._routes[language] = route

    def find(
        self,
        text: str,
        language: str | None,
        encode: Callable[[str], NDArray[np.float32]] | None = None,
        restored: str | None = None,
    ) -> Finding:
        """Candidates for a normalized message.

        `encode` gives the vector of a text and is called only where the words do not decide; `restored` is
        the text with its Vietnamese marks, which the encoder needs.
        """
        if not self.served or not self._routes:
            return Finding()
        if is_cjk(text) or language in {"zh", "ko", "ja"}:
            order = ["other"]
        else:
            order = {"vi": ["vi"], "en": ["en"]}.get(language or "", ["vi", "en"])
            if language == "vi" and self._has_english(text):
                order = ["vi", "en"]
        best = Finding()
        for name in order:
            if (route := self._routes.get(name)) is None:
                continue
            found = self._search(name, route, text, encode, restored or text)
            if not best.procedures or (
                found.procedures and found.procedures[0].score > best.procedures[0].score
            ):
                best = found
        return best

    def _has_english(self, text: str) -> bool:
        """True where a Vietnamese message names its subject in English ("gia hạn work permit")."""
        speller = self.analyzers["en"].speller
        if speller is None:
            return False
        words = [word for word in folded_words(text) if len(word) > 3 and not vietnamese_shaped(word)]
        return sum(word in speller.known for word in words) >= 2

    def _priors(self) -> Floats:
        of = np.zeros(len(self.served), dtype=np.float32)
        for number, item in enumerate(self.served):
            if {"commune", "province"} & set(item.levels):
                of[number] += self.knobs.commune_or_province
            if item.code in self.citizens:
                of[number] += self.knobs.everyday_names
        return of

    def by_code(self, code: str) -> Candidate | None:
        """The served procedure with this code."""
        at = self._by_code.get(code)
        return None if at is None else Candidate(code, self.served[at].name, 1.0)

    def _search(
        self,
        name: str,
        route: Route,
        text: str,
        encode: Callable[[str], NDArray[np.float32]] | None,
        restored: str,
    ) -> Finding:
        mended = route.analyzer.mend(text)
        restored = mended if restored == text else restored
        text = mended
        query = route.analyzer.query(text)
        knobs = self.knobs
        match = route.index.match(query)
        if route.accented is not None:
            # Restored text has marks too: a mistake of the restorer costs this share only.
            marked = query if restored == text else route.analyzer.query(restored)
            if not all(word.isascii() for word in marked.accented):
                match = match.mixed_with(route.accented.match(marked.with_marks()), knobs.accents)
        lexical = (
            knobs.asked * match.asked
            + knobs.named * match.named
            + knobs.both * np.sqrt(match.asked * match.named)
            + knobs.pairs * match.pairs
            + knobs.spelled * match.spelled
            - knobs.variant * route.unasked(text)
        )
        total = lexical + route.prior
        foreign = name == "other"
        ranked = self._best(route, total)
        evidence = self._evidence(route, query, match, ranked)
        if not foreign and evidence.mention < knobs.follow_up and match.content < _LITTLE:
            # Nothing but carriers: a question about what was talked of before.
            return Finding((), "none", evidence.mention)
        sure = evidence.certainty >= knobs.sure
        encoded = False
        if encode is not None and route.vectors is not None and not sure:
            encoded = True
            cosines = route.vectors @ encode(restored)
            dense = np.clip((cosines - knobs.cosine_zero) / (knobs.cosine_one - knobs.cosine_zero), 0, 1)
            total = (lexical + knobs.dense * dense) / (1 + knobs.dense * 0.5) + route.prior
            if foreign:
                total = np.maximum(total, 0.9 * dense + route.prior)
            ranked = self._best(route, total)
            evidence = self._evidence(route, query, match, ranked)
            if foreign:
                evidence = replace(evidence, mention=round(float(dense[ranked[0][0]]), 3))
        candidates = tuple(
            Candidate(item.code, item.name, round(score, 4))
            for row, score in ranked
            for item in (self.served[route.procedures[row]],)
            if score > _WORTHLESS
        )
        if not foreign and evidence.mention < knobs.follow_up:
            return Finding(candidates, "none", evidence.mention, encoded)
        return Finding(candidates, self._decide(evidence, foreign), evidence.mention, encoded)

    def _evidence(
        self, route: Route, query: Query, match: Match, ranked: Sequence[tuple[int, float]]
    ) -> Evidence:
        row, score = ranked[0]
        return Evidence(
            asked=float(match.asked[row]),
            named=float(match.named[row]),
            matched=route.index.matched(query, row),
            score=score,
            margin=score - ranked[1][1] if len(ranked) > 1 else score,
        )

    def _decide(self, evidence: Evidence, foreign: bool) -> Decision:
        if evidence.score < self.knobs.found:
            return "not_found"
        if foreign:
            return "answer" if evidence.score > 0.5 and evidence.margin > 0.04 else "choose"
        return "answer" if evidence.certainty >= self.knobs.answer else "choose"

    def _best(self, route: Route, total: NDArray[np.float32], limit: int = 10) -> list[tuple[int, float]]:
        """The best row of each of the best procedures, with the procedure's score.

        A procedure that fits by several of its names is more likely than one that fits by one.
        """
        some = min(len(total), 150)
        rows = np.argpartition(-total, some - 1)[:some]
        rows = rows[np.argsort(-total[rows], kind="stable")]
        fits: dict[int, list[int]] = {}
        for row in rows.tolist():
            fits.setdefault(int(route.procedures[row]), []).append(row)
        scored = []
        for own in fits.values():
            others = [max(0.0, float(total[row])) for row in own[1:3]]
            scored.append((own[0], (float(total[own[0]]) + self.knobs.further * sum(others) / 2) / _FULL))
        scored.sort(key=lambda pair: -pair[1])
        return scored[:limit]


def names_to_encode(
    served: Sequence[Served], citizens: Mapping[str, Mapping[str, Sequence[str]]]
) -> list[str]:
    """The texts that the encoder should know: everyday names in all languages, and English titles."""
    texts: list[str] = []
    for item in served:
        for names in citizens.get(item.code, {}).values():
            texts += names
        if item.title:
            texts.append(item.title)
    return list(dict.fromkeys(texts))
