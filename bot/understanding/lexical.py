"""An inverted index over short rows (names of procedures), scored by what share of query and row agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Query:
    """What a message asks for: its words with weights (1 for content, less for filler), words that official
    names use for them, and the words as written, with their marks."""

    words: tuple[str, ...]
    weights: tuple[float, ...]
    expansion: tuple[tuple[str, float], ...] = ()
    accented: tuple[str, ...] = ()

    def with_marks(self) -> Query:
        """The same query over the words as written."""
        return Query(self.accented, self.weights)


@dataclass(slots=True)
class Match:
    """Per row, each 0..1: `asked` share of the query found in the row, `named` share of the row found in the
    query, `pairs` share of the query's word pairs, `spelled` cosine of character n-grams."""

    asked: Floats
    named: Floats
    pairs: Floats
    spelled: Floats
    content: float
    """Weight of the query's content words, in units of rarity: 0 where it has none."""

    def mixed_with(self, other: Match, share: float) -> Match:
        """The two, the other with this share; spelling and content stay."""
        parts = [(1 - share) * a + share * b for a, b in (
            (self.asked, other.asked), (self.named, other.named), (self.pairs, other.pairs))]  # fmt: skip
        return Match(parts[0], parts[1], parts[2], self.spelled, self.content)


class LexicalIndex:
    """Postings of words, neighbouring pairs and character n-grams of the rows."""

    def __init__(
        self,
        rows: Sequence[Sequence[str]],
        spell: Callable[[str], Sequence[str]] | None = None,
        weigh: Callable[[str], float] | None = None,
    ) -> None:
        """`rows` are words; `spell` gives the character n-grams of a word, `weigh` its weight in a row."""
        self.size = len(rows)
        self._spell = spell or word_pieces
        self._words = _Postings([list(dict.fromkeys(row)) for row in rows])
        self._pairs = _Postings([_pairs(row) for row in rows])
        self._in_row = np.array(
            [weigh(word) if weigh else 1.0 for word in self._words.terms], dtype=np.float32
        )
        self._row_weight = self._words.row_sums(self.size, self._in_row)
        self._pieces = _Cosine([[piece for word in row for piece in self._spell(word)] for row in rows])

    def rarity(self, word: str) -> float:
        """How much the word tells apart: 0 in every row, about 9 in one of thousands; 4 where unknown."""
        at = self._words.terms.get(word)
        return float(self._words.idf[at]) if at is not None else 4.0

    def __contains__(self, word: str) -> bool:
        return word in self._words.terms

    def match(self, query: Query) -> Match:
        """All rows against the query; a few milliseconds for ten thousand rows at most."""
        asked = np.zeros(self.size, dtype=np.float32)
        named = np.zeros(self.size, dtype=np.float32)
        pairs = np.zeros(self.size, dtype=np.float32)
        total = content = 0.0
        best: dict[str, float] = {}
        for word, weight in zip(query.words, query.weights, strict=True):
            best[word] = max(weight, best.get(word, 0.0))
        for word, weight in best.items():
            rarity = self.rarity(word)
            total += rarity * weight
            if weight >= 0.5:
                content += rarity * weight
            if (ids := self._words.ids(word)) is not None:
                asked[ids] += rarity * weight
                named[ids] += rarity * float(self._in_row[self._words.terms[word]])
        for word, weight in query.expansion:
            if word not in best and (ids := self._words.ids(word)) is not None:
                asked[ids] += self.rarity(word) * weight
                named[ids] += self.rarity(word) * weight * float(self._in_row[self._words.terms[word]])
        pair_total = 0.0
        for (first, a), (second, b) in pairwise(zip(query.words, query.weights, strict=True)):
            weight = min(a, b)
            pair = f"{first} {second}"
            rarity = self._pairs.rarity(pair)
            pair_total += weight * rarity
            if (ids := self._pairs.ids(pair)) is not None:
                pairs[ids] += weight * rarity
        if total > 0:
            asked /= total
        if pair_total > 0:
            pairs /= pair_total
        named /= self._row_weight
        bag: dict[str, float] = {}
        for word, weight in zip(query.words, query.weights, strict=True):
            for piece in self._spell(word):
                bag[piece] = bag.get(piece, 0.0) + weight
        return Match(
            np.minimum(asked, 1.0), np.minimum(named, 1.0), pairs, self._pieces.match(bag, self.size), content
        )

    def matched(self, query: Query, row: int) -> float:
        """The weight of the query's content words, and half that of their pairs, that stand in the row."""
        found = 0.0
        for word, weight in dict(zip(query.words, query.weights, strict=True)).items():
            if weight >= 0.3 and self._words.holds(word, row):
                found += self.rarity(word) * weight
        for i in range(len(query.words) - 1):
            weight = min(query.weights[i : i + 2])
            pair = f"{query.words[i]} {query.words[i + 1]}"
            if weight >= 0.3 and self._pairs.holds(pair, row):
                found += 0.5 * self._pairs.rarity(pair) * weight
        return found

    def covered(self, query: Query, owners: NDArray[np.int32], count: int) -> Floats:
        """Per owner of rows (`owners` names each row's, 0..count-1) the share 0..1 of the query's content
        words, weighed by rarity, that stand in any of its rows; 0 for all where the query has none."""
        covered = np.zeros(count, dtype=np.float32)
        total = 0.0
        for word, weight in dict(zip(query.words, query.weights, strict=True)).items():
            if weight < 0.3:
                continue
            rarity = self.rarity(word) * weight
            total += rarity
            if (ids := self._words.ids(word)) is not None:
                has = np.zeros(count, dtype=bool)
                has[owners[ids]] = True
                covered[has] += rarity
        return covered / np.float32(max(total, 1e-6))


class _Postings:
    """term -> the rows that have it, with the rarity of the term."""

    def __init__(self, rows: Sequence[Sequence[str]]) -> None:
        self.terms: dict[str, int] = {}
        number = self.terms.setdefault
        terms = np.array([number(term, len(self.terms)) for row in rows for term in row], dtype=np.int64)
        owners = np.repeat(np.arange(len(rows), dtype=np.int32), [len(row) for row in rows])
        lengths = np.bincount(terms, minlength=len(self.terms))
        self._starts = np.concatenate([[0], np.cumsum(lengths)])
        self._rows = owners[np.argsort(terms, kind="stable")]
        self.idf = np.log(1 + (len(rows) - lengths + 0.5) / (lengths + 0.5)).astype(np.float32)
        self._unseen = float(np.log(1 + 2 * len(rows)))

    def ids(self, term: str) -> NDArray[np.int32] | None:
        """The rows of a term, ascending, or None."""
        at = self.terms.get(term)
        return None if at is None else self._rows[self._starts[at] : self._starts[at + 1]]

    def holds(self, term: str, row: int) -> bool:
        """True where the row has the term."""
        ids = self.ids(term)
        if ids is None:
            return False
        at = int(np.searchsorted(ids, row))
        return at < len(ids) and int(ids[at]) == row

    def rarity(self, term: str) -> float:
        """The rarity of a term, that of an unseen one where it is unknown (halved: most pairs are chance)."""
        at = self.terms.get(term)
        return self._unseen * 0.5 if at is None else float(self.idf[at])

    def row_sums(self, size: int, weights: Floats) -> Floats:
        """Per row the weighted rarity of all its terms."""
        sums = np.full(size, 1e-6, dtype=np.float64)
        np.add.at(sums, self._rows, np.repeat(self.idf * weights, np.diff(self._starts)))
        return sums.astype(np.float32)


class _Cosine:
    """Cosine similarity of bags of pieces, weighted by rarity."""

    def __init__(self, rows: Sequence[Sequence[str]]) -> None:
        numbers: dict[str, int] = {}
        terms = np.array(
            [numbers.setdefault(piece, len(numbers)) for row in rows for piece in row], dtype=np.int64
        )
        owners = np.repeat(np.arange(len(rows), dtype=np.int64), [len(row) for row in rows])
        keys, counts = np.unique(terms * max(1, len(rows)) + owners, return_counts=True)
        terms, owners = np.divmod(keys, max(1, len(rows)))
        spread = np.bincount(terms, minlength=len(numbers))
        # A piece of a single row says nothing that the word does not, and those are most of them.
        kept = spread[terms] > 1
        terms, owners, counts = terms[kept], owners[kept], counts[kept]
        self._terms = {piece: i for piece, i in numbers.items() if spread[i] > 1}
        self._starts = np.concatenate([[0], np.cumsum(np.where(spread > 1, spread, 0))])
        self._idf = np.log(1 + len(rows) / np.maximum(spread, 1)).astype(np.float32)
        self._rows = owners.astype(np.int32)
        values = (1 + np.log(counts)) * self._idf[terms]
        squares = np.full(len(rows), 1e-9, dtype=np.float64)
        np.add.at(squares, self._rows, values**2)
        self._values = (values / np.sqrt(squares)[self._rows]).astype(np.float32)

    def match(self, bag: Mapping[str, float], size: int) -> Floats:
        """Cosine of the bag with each row."""
        scores = np.zeros(size, dtype=np.float32)
        norm = 0.0
        for piece, weight in bag.items():
            at = self._terms.get(piece)
            if at is None:
                norm += (weight * 3.0) ** 2
                continue
            value = weight * float(self._idf[at])
            norm += value * value
            part = slice(self._starts[at], self._starts[at + 1])
            scores[self._rows[part]] += self._values[part] * value
        return scores / np.float32(norm**0.5) if norm > 0 else scores


@lru_cache(maxsize=50_000)
def word_pieces(word: str) -> tuple[str, ...]:
    """Character 3-grams and 4-grams of a word with its edges."""
    padded = f"<{word[:40]}>"
    return (
        tuple(padded[i : i + n] for n in (3, 4) for i in range(len(padded) - n + 1)) if len(word) > 1 else ()
    )


def signs(run: str) -> list[str]:
    """Pairs of Chinese, Japanese or Korean signs."""
    return [run[i : i + 2] for i in range(len(run) - 1)]


def _pairs(words: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(f"{a} {b}" for a, b in pairwise(words)))


__all__ = ["LexicalIndex", "Match", "Query", "signs", "word_pieces"]
