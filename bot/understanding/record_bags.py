"""The words and pairs of words of the procedures' records, counted once for each state of a record."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bot.cache import Arrays, as_bytes, as_texts, content_key, read_arrays, write_arrays
from bot.understanding import tokens
from bot.understanding.tokens import folded_words
from troly import text as folding

Texts = Callable[[Sequence[str]], Iterable[tuple[str, str]]]
"""From codes to codes with the text of their record."""
_KIND = "record-bags"


@dataclass(frozen=True, slots=True)
class Bags:
    """What stands in each record: of record i the terms[starts[i]:starts[i + 1]], each counts times."""

    starts: NDArray[np.int64]
    terms: NDArray[np.uint32]
    counts: NDArray[np.uint8]


def term(word: str) -> int:
    """The number of a word, or of a pair of words with a space between: 2^32 of them, so that two of some
    hundred thousand seldom meet."""
    return zlib.crc32(word.encode())


def terms(words: Sequence[str]) -> list[str]:
    """The words and the pairs of neighbours."""
    return [*words, *(f"{a} {b}" for a, b in pairwise(words))]


def bags(stated: Mapping[str, str], texts: Texts) -> Bags:
    """The bags of the records, in the order of `stated` (code -> fingerprint of the record's content).

    Only what changed since the last time is read and counted.

    Raises:
        LookupError: a record is not there any more, or the database is not.
    """
    key = content_key(tokens, folding)
    kept = _kept(key)
    new = [code for code, content in stated.items() if content not in kept]
    if new:
        kept |= {stated[code]: _bag(text) for code, text in texts(new)}
    if missing := [code for code, content in stated.items() if content not in kept]:
        raise LookupError(f"{len(missing)} records cannot be read: {missing[0]}")
    made = [kept[content] for content in stated.values()]
    packed = Bags(
        np.concatenate([[0], np.cumsum([len(found) for found, _ in made], dtype=np.int64)]),
        np.concatenate([_EMPTY[0], *(found for found, _ in made)]),
        np.concatenate([_EMPTY[1], *(counts for _, counts in made)]),
    )
    if new:
        _keep(key, list(stated.values()), packed)
    return packed


_Bag = tuple[NDArray[np.uint32], NDArray[np.uint8]]
_EMPTY: _Bag = (np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.uint8))


def _bag(text: str) -> _Bag:
    numbers = [term(one) for one in terms(folded_words(text))]
    found, counts = np.unique(np.array(numbers, dtype=np.uint32), return_counts=True)
    return found, np.minimum(counts, 255).astype(np.uint8)


def _kept(key: str) -> dict[str, _Bag]:
    found = read_arrays(_KIND, key)
    if found is None:
        return {}
    starts = found["starts"].tolist()
    rows = zip(as_texts(found["contents"]), pairwise(starts), strict=True)
    return {content: (found["terms"][a:b], found["counts"][a:b]) for content, (a, b) in rows}


def _keep(key: str, contents: Sequence[str], made: Bags) -> None:
    arrays: Arrays = {
        "contents": as_bytes(contents),
        "starts": made.starts,
        "terms": made.terms,
        "counts": made.counts,
    }
    try:
        write_arrays(_KIND, key, arrays)
    except OSError:  # a folder that cannot be written, or a full disk: it costs time and nothing else
        return
