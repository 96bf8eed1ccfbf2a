"""An inverted index over short rows (names of procedures), scored by what share of query and row agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bot.cache import Arrays, as_bytes, as_texts

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Spell = Callable[[str], Sequence[str]]
"""The character n-grams of a word."""


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
        spell: Spell | None = None,
        weigh: Callable[[str], float] | None = None,
    ) -> None:
        """`rows` are words; `weigh` gives the weight of a word in a row."""
        self.size = len(rows)
        self._spell = spell or word_pieces
        self._words = _Postings.of([list(dict.fromkeys(row)) for row in rows])
        self._pairs = _Postings.of([_pairs(row) for row in rows])
        self._in_row = np.array(
            [weigh(word) if weigh else 1.0 for word in self._words.terms], dtype=np.float32
        )
        self._row_weight = self._words.row_sums(self.size, self._in_row)
        self._pieces = _Cosine.of([[piece for word in row for piece in self._spell(word)] for row in rows])

    def arrays(self) -> Arrays:
        """All that took time to make, for from_arrays()."""
        return {
            "in_row": self._in_row,
            "row_weight": self._row_weight,
            **_under("words", self._words.arrays()),
            **_under("pairs", self._pairs.arrays()),
            **_under("pieces", self._pieces.arrays()),
        }

    @classmethod
    def from_arrays(cls, made: Arrays, spell: Spell | None = None) -> LexicalIndex:
        """The index of which arrays() were kept; `spell` as it was given then."""
        index = cls.__new__(cls)
        index.size = len(made["row_weight"])
        index._spell = spell or word_pieces
        index._in_row, index._row_weight = made["in_row"], made["row_weight"]
        index._words = _Postings(**_of("words", made), count=index.size)
        index._pairs = _Postings(**_of("pairs", made), count=index.size)
        index._pieces = _Cosine(**_of("pieces", made))
        return index

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

    def __init__(
        self, terms: Bytes, starts: NDArray[np.int64], rows: NDArray[np.int32], idf: Floats, count: int
    ) -> None:
        self.terms = {term: at for at, term in enumerate(as_texts(terms))}
        self._starts, self._rows, self.idf = starts, rows, idf
        self._unseen = float(np.log(1 + 2 * count))

    @classmethod
    def of(cls, rows: Sequence[Sequence[str]]) -> _Postings:
        """Of rows of terms."""
        numbers: dict[str, int] = {}
        number = numbers.setdefault
        terms = np.array([number(term, len(numbers)) for row in rows for term in row], dtype=np.int64)
        owners = np.repeat(np.arange(len(rows), dtype=np.int32), [len(row) for row in rows])
        lengths = np.bincount(terms, minlength=len(numbers))
        return cls(
            as_bytes(numbers),
            np.concatenate([[0], np.cumsum(lengths)]),
            owners[np.argsort(terms, kind="stable")],
            np.log(1 + (len(rows) - lengths + 0.5) / (lengths + 0.5)).astype(np.float32),
            len(rows),
        )

    def arrays(self) -> Arrays:
        """What makes the same again."""
        return {"terms": as_bytes(self.terms), "starts": self._starts, "rows": self._rows, "idf": self.idf}

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

    def __init__(
        self, terms: Bytes, starts: NDArray[np.int64], rows: NDArray[np.int32], idf: Floats, values: Floats
    ) -> None:
        self._terms = {piece: at for at, piece in enumerate(as_texts(terms))}
        self._starts, self._rows, self._idf, self._values = starts, rows, idf, values

    @classmethod
    def of(cls, rows: Sequence[Sequence[str]]) -> _Cosine:
        """Of rows of pieces, each as often as it stands there."""
        numbers: dict[str, int] = {}
        terms = np.array(
            [numbers.setdefault(piece, len(numbers)) for row in rows for piece in row], dtype=np.int64
        )
        owners = np.repeat(np.arange(len(rows), dtype=np.int64), [len(row) for row in rows])
        keys, counts = np.unique(terms * max(1, len(rows)) + owners, return_counts=True)
        terms, owners = np.divmod(keys, max(1, len(rows)))
        spread = np.bincount(terms, minlength=len(numbers))
        # A piece of a single row says nothing that the word does not, and those are most of them.
        several = spread > 1
        kept = several[terms]
        terms, owners, counts = terms[kept], owners[kept], counts[kept]
        idf = np.log(1 + len(rows) / np.maximum(spread, 1)).astype(np.float32)
        values = (1 + np.log(counts)) * idf[terms]
        squares = np.full(len(rows), 1e-9, dtype=np.float64)
        np.add.at(squares, owners, values**2)
        return cls(
            as_bytes(piece for piece, at in numbers.items() if several[at]),
            np.concatenate([[0], np.cumsum(spread[several])]),
            owners.astype(np.int32),
            idf[several],
            (values / np.sqrt(squares)[owners]).astype(np.float32),
        )

    def arrays(self) -> Arrays:
        """What makes the same again."""
        return {
            "terms": as_bytes(self._terms),
            "starts": self._starts,
            "rows": self._rows,
            "idf": self._idf,
            "values": self._values,
        }

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


def _under(name: str, arrays: Arrays) -> Arrays:
    return {f"{name}.{part}": array for part, array in arrays.items()}


def _of(name: str, arrays: Arrays) -> Arrays:
    return {key.partition(".")[2]: array for key, array in arrays.items() if key.startswith(f"{name}.")}


def _pairs(words: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(f"{a} {b}" for a, b in pairwise(words)))


__all__ = ["LexicalIndex", "Match", "Query", "word_pieces"]
