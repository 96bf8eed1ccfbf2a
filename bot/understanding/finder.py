"""Finds the administrative procedure that a message means, among thousands of official names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bot.understanding.analysis import Analyzer
from bot.understanding.beside import Beside, Foreigners
from bot.understanding.certainty import (
    AMONG,
    AMONG_FOREIGN,
    MENTION,
    TOP,
    TOP_BY_WORDS,
    TOP_FOREIGN,
    Evidence,
    log_weight,
)
from bot.understanding.data import CJK_LANGUAGES
from bot.understanding.finding import Candidate, Decision, Finding, decided, only_served
from bot.understanding.knobs import FINDER, RANKING, FinderThresholds, RankingKnobs
from bot.understanding.lexical import Floats
from bot.understanding.mixed import Mixed
from bot.understanding.record_index import RecordIndex
from bot.understanding.route import Route, Served, build_route, not_served
from bot.understanding.scoring import WHOLE, Scored, Scores
from bot.understanding.set_by_staff import STAFF
from bot.understanding.signs import SignAnalyzer
from bot.understanding.tokens import is_cjk

_WORTHLESS = 0.12
_LITTLE = 6.0
"""The weight of content words below which the encoder is not asked about a follow-up."""


@dataclass(slots=True)
class Finder:
    """Routes of names by language: Vietnamese names and everyday names; English titles and names; others."""

    served: Sequence[Served]
    citizens: Mapping[str, Mapping[str, Sequence[str]]]
    analyzers: Mapping[str, Analyzer]
    vectors: Mapping[str, NDArray[np.float16]] = field(default_factory=dict)
    knobs: RankingKnobs = RANKING
    thresholds: FinderThresholds = FINDER
    siblings: Mapping[str, frozenset[str]] = field(default_factory=dict)
    seldom: frozenset[str] = frozenset()
    """Codes that have everyday names though few ask for them."""
    records: RecordIndex | None = None
    """What the procedures' records say; None where only their names are known."""
    _routes: dict[str, Route] = field(default_factory=dict)
    """Those given are taken over, for nothing of theirs has changed; the others are built."""
    _by_code: dict[str, int] = field(default_factory=dict)
    """Places of the served procedures."""
    foreigners: Foreigners = field(default_factory=Foreigners)
    _known: Sequence[Served] = field(init=False)
    """The served procedures, and after them those that are known by their names alone."""
    _beside: Beside = field(init=False)
    _mixed: Mixed = field(init=False)

    def __post_init__(self) -> None:
        self._known = [*self.served, *not_served(self.citizens, self.served)]
        self._by_code = {item.code: i for i, item in enumerate(self.served)}
        english = self.analyzers["en"]
        self._mixed = Mixed.of(self.citizens, english.speller, english.common)
        analyzers = {"other": SignAnalyzer(), **self.analyzers}
        priors = self._priors()
        for language in ("vi", "en", "other"):
            if language in self._routes:
                continue
            route = build_route(
                language, analyzers[language], self._known, self.citizens, self.vectors, priors
            )
            if route is not None:
                self._routes[language] = route
        self._beside = Beside(
            self._known, self._by_code, self.knobs, self._routes.get("vi"), self.records, self.foreigners
        )

    def find(
        self,
        text: str,
        language: str | None,
        encode: Callable[[str], NDArray[np.float32]] | None = None,
        restored: str | None = None,
        focus: str | None = None,
    ) -> Finding:
        """Candidates for a normalized message.

        `encode` gives the vector of a text and is called only where the words do not decide; `restored` is
        the text with its Vietnamese marks, which the encoder needs; `focus` is the code of the procedure
        talked of before.
        """
        if not self.served or not self._routes:
            return Finding()
        if is_cjk(text) or language in CJK_LANGUAGES:
            order = ["other"]
        else:
            order = {"vi": ["vi"], "en": ["en"]}.get(language or "", ["vi", "en"])
            if (language == "vi" and self._mixed.has_english(text)) or (
                language == "en" and self._mixed.has_vietnamese(text)
            ):
                order = ["vi", "en"]
        best = Finding()
        for name in order:
            if (route := self._routes.get(name)) is None:
                continue
            found = self._search(name, route, text, encode, restored or text, focus)
            # Scores do not compare: of one route the encoder was asked, the other has no records.
            if not best.procedures or (found.procedures and found.certainty > best.certainty):
                best = found
        return best

    def _priors(self) -> Floats:
        of = np.zeros(len(self._known), dtype=np.float32)
        for number, item in enumerate(self._known):
            if {"commune", "province"} & set(item.levels):
                of[number] += self.knobs.commune_or_province
            if not self._is_rare(item.code):
                of[number] += self.knobs.everyday_names
        return of

    def _is_rare(self, code: str) -> bool:
        """Whether few ask for the procedure."""
        return code in self.seldom or code not in self.citizens

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
        focus: str | None,
    ) -> Finding:
        foreign = name == "other"
        limits = STAFF.finder(self.thresholds)
        scores = Scores.by_words(route, self.knobs, text, restored)
        scores.beside = self._beside.scores(scores.query, text, focus, vietnamese=name == "vi")
        ranked = scores.best()
        evidence = self._evidence(scores, ranked, name)
        mention = evidence.weighed(MENTION)
        if foreign:
            # Few sentences teach what their carriers are: a name in full is no carrier.
            nothing = not scores.match.content and evidence.named < WHOLE
        else:
            nothing = mention < limits.follow_up and scores.match.content < _LITTLE
        if nothing:
            # Nothing but carriers: a question about what was talked of before.
            return Finding((), "none", round(mention, 3))
        certainty = evidence.weighed(TOP_BY_WORDS)
        encoded = False
        if encode is not None and route.vectors is not None and (foreign or certainty < limits.sure):
            encoded = True
            scores.add_vector(encode(scores.restored), foreign=foreign)
            ranked = scores.best()
            evidence = self._evidence(scores, ranked, name)
            mention = evidence.dense if foreign else evidence.weighed(MENTION)
            certainty = evidence.weighed(TOP_FOREIGN if foreign else TOP)
        among = evidence.weighed(AMONG_FOREIGN if foreign else AMONG)
        candidates = [
            Candidate(item.code, item.name, round(score, 4))
            for row, _, score in ranked
            for item in (self._known[route.procedures[row]],)
            if score > _WORTHLESS
        ]
        decision: Decision = "none"
        if foreign or mention >= limits.follow_up:
            decision = decided(name, evidence, certainty, among, limits)
        candidates, decision = only_served(candidates, decision, self._by_code, self.siblings)
        return Finding(
            tuple(candidates), decision, round(mention, 3), encoded, round(certainty, 3), round(among, 3),
            evidence,
        )  # fmt: skip

    def _evidence(self, scores: Scores, ranked: Sequence[Scored], name: str) -> Evidence:
        route, match = scores.route, scores.match
        row, named, score = ranked[0]
        best = int(route.procedures[row])
        dense = lead = 0.0
        if scores.dense is not None:
            own = route.procedures == best
            dense = float(scores.dense[own].max())
            lead = dense - float(scores.dense[~own].max(initial=0.0))
        code = self._known[best].code
        second = self._known[route.procedures[ranked[1].row]].code if len(ranked) > 1 else ""
        covered = route.index.covered(scores.query, route.procedures, len(self._known))
        return Evidence(
            asked=float(match.asked[row]),
            named=float(match.named[row]),
            matched=log_weight(route.index.matched(scores.query, row)),
            covered=float(covered[best]),
            content=log_weight(match.content),
            score=named,
            margin=score - ranked[1].score if len(ranked) > 1 else score,
            fifth=score - ranked[min(4, len(ranked) - 1)].score if len(ranked) > 1 else score,
            dense=dense,
            lead=lead,
            sibling=float(second in self.siblings.get(code, frozenset())),
            english=float(name == "en"),
            containing=len(set(route.procedures[match.asked >= WHOLE].tolist())),
            rare=float(self._is_rare(code)),
        )


def names_to_encode(
    served: Sequence[Served], citizens: Mapping[str, Mapping[str, Sequence[str]]]
) -> list[str]:
    """The texts that the encoder should know: names, everyday names in all languages, English titles; of
    procedures that are not served too."""
    texts: list[str] = []
    for item in [*served, *not_served(citizens, served)]:
        if item.name:
            texts.append(item.name)
        for names in citizens.get(item.code, {}).values():
            texts += names
        if item.title:
            texts.append(item.title)
    return list(dict.fromkeys(texts))
