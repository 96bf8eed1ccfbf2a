"""Puts Vietnamese marks back where a citizen left them out: bigram Viterbi over syllables."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import log
from typing import Any

from troly.text import strip_accents

_SYLLABLE = re.compile(r"[^\W\d_]+")
_PIECE = re.compile(r"[^\W\d_]+|[^\s]|\s+")
_START = "^"
_K = 0.02
"""Add-K smoothing of bigrams; the unigram carries what was never seen together."""
_UNIGRAM_WEIGHT = 0.35
_CANDIDATES = 12


@dataclass(slots=True)
class Restorer:
    """Candidates of each bare syllable and the bigram counts that choose among them."""

    unigrams: dict[str, int] = field(default_factory=dict)
    bigrams: dict[str, int] = field(default_factory=dict)
    candidates: dict[str, list[str]] = field(default_factory=dict)
    total: int = 1

    @classmethod
    def train(cls, texts: Iterable[str | tuple[str, int]]) -> Restorer:
        """Counts from accented texts; a pair (text, n) counts n times."""
        unigrams: Counter[str] = Counter()
        bigrams: Counter[str] = Counter()
        for item in texts:
            text, times = item if isinstance(item, tuple) else (item, 1)
            before = _START
            for piece in _PIECE.findall(text.lower()):
                if piece.isspace():
                    continue
                if not _SYLLABLE.fullmatch(piece):
                    before = _START
                    continue
                unigrams[piece] += times
                bigrams[f"{before} {piece}"] += times
                before = piece
        forms: dict[str, list[str]] = defaultdict(list)
        for syllable, _ in unigrams.most_common():
            bare = strip_accents(syllable)
            if len(forms[bare]) < _CANDIDATES:
                forms[bare].append(syllable)
        return cls(dict(unigrams), dict(bigrams), dict(forms), max(1, sum(unigrams.values())))

    def restore(self, text: str) -> str:
        """The text with the most likely marks; letters that carry marks already stay, and so does case."""
        pieces = _PIECE.findall(text)
        start = 0
        for position, piece in enumerate([*pieces, "."]):
            if piece.isspace() or _SYLLABLE.fullmatch(piece):
                continue
            run = [i for i in range(start, position) if not pieces[i].isspace()]
            for i, syllable in zip(run, self._best([pieces[i].lower() for i in run]), strict=True):
                pieces[i] = _with_case(syllable, pieces[i])
            start = position + 1
        return "".join(pieces)

    def known(self, syllable: str) -> bool:
        """True where the bare syllable was seen in training."""
        return syllable in self.candidates

    def _best(self, syllables: Sequence[str]) -> list[str]:
        if not syllables:
            return []
        beam: dict[str, float] = {_START: 0.0}
        back: list[dict[str, str]] = []
        size = max(1, len(self.unigrams))
        for syllable in syllables:
            options = self.candidates.get(syllable) if syllable.isascii() else None
            step: dict[str, float] = {}
            origin: dict[str, str] = {}
            for option in options or [syllable]:
                own = _UNIGRAM_WEIGHT * log((self.unigrams.get(option, 0) + 0.1) / self.total)
                best, best_before = -1e30, _START
                for before, score in beam.items():
                    seen = self.unigrams.get(before, 0) if before != _START else self.total // 20
                    pair = (self.bigrams.get(f"{before} {option}", 0) + _K) / (seen + _K * size)
                    value = score + log(pair)
                    if value > best:
                        best, best_before = value, before
                step[option] = best + own
                origin[option] = best_before
            back.append(origin)
            beam = step
        path = [max(beam, key=beam.__getitem__)]
        for origin in reversed(back[1:]):
            path.append(origin[path[-1]])
        return path[::-1]

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe state."""
        return {"unigrams": self.unigrams, "bigrams": {k: v for k, v in self.bigrams.items() if v > 0}}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Restorer:
        """The restorer that to_dict() described."""
        unigrams: dict[str, int] = data["unigrams"]
        forms: dict[str, list[str]] = defaultdict(list)
        for syllable in sorted(unigrams, key=lambda s: -unigrams[s]):
            bare = strip_accents(syllable)
            if len(forms[bare]) < _CANDIDATES:
                forms[bare].append(syllable)
        return cls(unigrams, data["bigrams"], dict(forms), max(1, sum(unigrams.values())))


def is_unaccented(text: str) -> bool:
    """True where (almost) no syllable carries a Vietnamese mark, so that restoring helps."""
    syllables = _SYLLABLE.findall(text)
    if len(syllables) < 2:
        return False
    return sum(not s.isascii() for s in syllables) <= 0.12 * len(syllables)


def _with_case(restored: str, original: str) -> str:
    if len(restored) != len(original):
        return restored
    return "".join(r.upper() if o.isupper() else r for r, o in zip(restored, original, strict=True))
