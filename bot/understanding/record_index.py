"""Finds procedures by what their records say: conditions, papers, steps, results.

People describe their case; the name of the procedure for it has none of those words, its record has.
Ranked by Okapi BM25 (Robertson and Zaragoza 2009) over words and pairs of neighbouring words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.cache import Arrays, cached_arrays, content_key
from bot.understanding import record_bags, tokens
from bot.understanding.lexical import Floats
from bot.understanding.record_bags import Bags, Texts, bags, term, terms
from troly import text as folding

_SATURATION, _LENGTH = 1.2, 0.4
"""Of BM25: how soon a word that comes again adds nothing (k1), and how much long records lose by it (b). From
half to double of the first, and .2 to .7 of the second, no set of ours moves by more than chance."""
_FEWEST, _MOST = 2, 0.5
"""Terms in fewer records, or in a larger share of all, are left out: a third of all postings."""
_WORD = 0.5
"""What a single word counts against a pair."""


@dataclass(slots=True)
class RecordIndex:
    """Postings of the terms of all records."""

    stated: Mapping[str, str]
    """Code -> fingerprint of the record's content; a record's number is its place here."""
    terms: NDArray[np.uint32]
    """Sorted."""
    starts: NDArray[np.int64]
    rows: NDArray[np.uint16 | np.uint32]
    values: NDArray[np.float16]
    """0..1: how much the record speaks of the term."""
    rarity: Floats

    @classmethod
    def of(cls, stated: Mapping[str, str], texts: Texts) -> RecordIndex:
        """The index over the records with these fingerprints. `texts` is asked for what changed.

        Raises:
            LookupError: a record cannot be read.
        """
        code = (record_bags, tokens, folding, _SATURATION, _LENGTH, _FEWEST, _MOST)
        key = content_key(list(stated.items()), *code)
        return cls(stated, **cached_arrays("records", key, lambda: _arrays(bags(stated, texts))))

    def shares(self, words: Sequence[str]) -> Floats:
        """Per record 0..1: how much of what the folded words tell apart is said there."""
        wanted = sorted(dict.fromkeys(terms(words)))
        numbers = np.array([term(one) for one in wanted], dtype=np.uint32)
        weights = np.array([1.0 if " " in one else _WORD for one in wanted], dtype=np.float32)
        at = np.searchsorted(self.terms, numbers)
        found = np.flatnonzero(at < len(self.terms))
        found = found[self.terms[at[found]] == numbers[found]]
        at, weights = at[found], weights[found]
        weights *= self.rarity[at]
        sums = np.zeros(len(self.stated), dtype=np.float32)
        for number, weight in zip(at.tolist(), weights.tolist(), strict=True):
            part = slice(self.starts[number], self.starts[number + 1])
            sums[self.rows[part]] += self.values[part] * np.float32(weight)
        return sums / np.float32(max(float(weights.sum()), 1e-6))


def _arrays(made: Bags) -> Arrays:
    """The postings; all that RecordIndex has beside `stated`."""
    size = len(made.starts) - 1
    owners = np.repeat(np.arange(size), np.diff(made.starts))
    lengths = np.bincount(owners, weights=made.counts, minlength=size)
    found, places, spread = np.unique(made.terms, return_inverse=True, return_counts=True)
    kept = (spread >= _FEWEST) & (spread <= max(_FEWEST, _MOST * size))
    chosen = np.flatnonzero(kept[places])
    chosen = chosen[np.argsort(places[chosen], kind="stable")]
    often = made.counts[chosen].astype(np.float64)
    usual = lengths[lengths > 0].mean() if (lengths > 0).any() else 1.0
    long = 1 - _LENGTH + _LENGTH * lengths[owners[chosen]] / usual
    return {
        "terms": found[kept],
        "starts": np.concatenate([[0], np.cumsum(spread[kept])]),
        "rows": owners[chosen].astype(np.uint16 if size <= 0xFFFF else np.uint32),
        "values": (often / (often + _SATURATION * long)).astype(np.float16),
        "rarity": np.log1p((size - spread[kept] + 0.5) / (spread[kept] + 0.5)).astype(np.float32),
    }
