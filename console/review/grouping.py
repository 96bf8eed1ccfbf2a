"""Groups of similar messages: each joins the group whose first message it is most like, or begins one.

Only messages that the assistant took for the same (language, intent, procedure) come together: words alone
do not tell "how long" from "how much".

A message is a vector of its words' character trigrams, weighed by how rare they are in the training
sentences; like is what has a cosine of NEAR. That needs no encoder; where there is one, merging.py also
brings together what says the same in other words. A wrong group costs a reviewer one click, while
paraphrases that stay apart cost one more decision.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import log, sqrt
from typing import Any

NEAR = 0.64

_RAREST = 12
"""Trigrams by which likely groups are looked for."""
_CROWDED = 400
"""Groups that share a trigram, from which on it says nothing."""
_LIKELY = 8

Vector = dict[str, float]


class Rarity:
    """How rare a trigram is among many texts."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """Counts the trigrams of folded texts."""
        seen: Counter[str] = Counter()
        number = 0
        for text in texts:
            number += 1
            seen.update(set(trigrams(text)))
        self._seen: Mapping[str, int] = seen
        self._number = number

    def of(self, gram: str) -> float:
        """At least .1, higher for rarer ones."""
        return 0.1 + log((self._number + 20) / (self._seen.get(gram, 0) + 2))


class Groups:
    """The groups there are, by their first messages; in memory."""

    def __init__(self, rarity: Rarity) -> None:
        """Starts without any."""
        self.rarity = rarity
        self._by_text: dict[tuple[str, str], int] = {}
        self._kinds: dict[int, str] = {}
        self._vectors: dict[int, Vector] = {}
        self._having: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self._vectors)

    def add(self, group: int, text: str, kind: str = "") -> None:
        """Know a group by its first message (folded)."""
        self._by_text.setdefault((kind, text), group)
        self._kinds[group] = kind
        vector = self._vectors[group] = self._vector(text)
        for gram in vector:
            self._having.setdefault(gram, []).append(group)

    def like(self, text: str, kind: str = "") -> int | None:
        """The group of this kind that the folded text belongs to; None where it is like none."""
        if (same := self._by_text.get((kind, text))) is not None:
            return same
        vector = self._vector(text)
        rarest = sorted(vector, key=lambda gram: (-vector[gram], gram))[:_RAREST]
        shared: Counter[int] = Counter()
        for gram in rarest:
            having = self._having.get(gram, ())
            if len(having) <= _CROWDED:
                shared.update(group for group in having if self._kinds[group] == kind)
        best, nearest = None, NEAR
        for group, _ in shared.most_common(_LIKELY):
            near = _cosine(vector, self._vectors[group])
            if near >= nearest:
                best, nearest = group, near
        return best

    def _vector(self, text: str) -> Vector:
        return vector_of(text, self.rarity)


def kind_of(item: Mapping[str, Any]) -> str:
    """What the assistant took a message of the queue for."""
    return f"{item['language']}|{item['intent'] or ''}|{item['procedure_code'] or ''}"[:160]


def vector_of(text: str, rarity: Rarity) -> Vector:
    """The text's trigrams, weighed, of length 1."""
    weights = {gram: rarity.of(gram) * (1 + log(n)) for gram, n in Counter(trigrams(text)).items()}
    length = sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    return {gram: weight / length for gram, weight in weights.items()}


def trigrams(text: str) -> list[str]:
    """Of each word with its edges; Chinese, Japanese and Korean signs in pairs."""
    return [gram for word in text.split() for gram in _pieces(word)]


@lru_cache(maxsize=20_000)
def _pieces(word: str) -> tuple[str, ...]:
    if not word.isascii() and not any("\u0000" < letter < "\u2e80" for letter in word):
        return tuple(word[i : i + 2] for i in range(max(1, len(word) - 1)))
    padded = f"<{word[:40]}>"
    return tuple(padded[i : i + 3] for i in range(len(padded) - 2)) or (padded,)


def _cosine(one: Vector, other: Vector) -> float:
    if len(one) > len(other):
        one, other = other, one
    return sum(weight * other[gram] for gram, weight in one.items() if gram in other)
