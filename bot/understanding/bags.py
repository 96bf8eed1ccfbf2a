"""The n-grams of many texts as one sparse table; rows made by an earlier training come from disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.cache import as_bytes, as_texts, read_arrays, write_arrays


@dataclass(frozen=True, slots=True)
class Bags:
    """Row r holds `values[starts[r]:starts[r + 1]]` of the grams `columns[...]`, numbers into `grams`."""

    grams: list[str]
    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: NDArray[np.float32]

    @classmethod
    def of(cls, bags: Iterable[Mapping[str, float]]) -> Bags:
        """The table of these rows."""
        rows = list(bags)
        numbers: dict[str, int] = {}
        columns = np.fromiter(
            (numbers.setdefault(gram, len(numbers)) for gram in chain.from_iterable(rows)), dtype=np.int32
        )
        values = np.fromiter(chain.from_iterable(row.values() for row in rows), dtype=np.float32)
        return cls(list(numbers), _starts(np.array([len(row) for row in rows])), columns, values)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def row_of(self) -> NDArray[np.int64]:
        """The row of each value."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    def rows(self, wanted: NDArray[np.int64]) -> Bags:
        """A table of these rows, in this order, with only the grams that they have."""
        lengths = np.diff(self.starts)[wanted]
        starts = _starts(lengths)
        # The places of all wanted values: each row's own start, then one after another.
        places = np.repeat(self.starts[:-1][wanted] - starts[:-1], lengths) + np.arange(starts[-1])
        columns = self.columns[places]
        used = np.bincount(columns, minlength=len(self.grams)) > 0
        number = np.cumsum(used, dtype=np.int32) - 1
        kept = [self.grams[i] for i in np.flatnonzero(used).tolist()]
        return Bags(kept, starts, number[columns].astype(np.int32), self.values[places])

    def joined(self, other: Bags) -> Bags:
        """This table with the other's rows below."""
        numbers = {gram: i for i, gram in enumerate(self.grams)}
        at = np.array([numbers.setdefault(gram, len(numbers)) for gram in other.grams], dtype=np.int32)
        return Bags(
            list(numbers),
            np.concatenate([self.starts, self.starts[-1] + other.starts[1:]]),
            np.concatenate([self.columns, at[other.columns]]),
            np.concatenate([self.values, other.values]),
        )


def kept_bags(
    key: str,
    texts: Sequence[str],
    make: Callable[[str], Mapping[str, float]],
    folder: Path | None = None,
) -> Bags:
    """One row a text. Rows of texts that an earlier call with the same key saw are not made again.

    The key must change with whatever `make` depends on; texts have no line breaks.
    """
    stored = read_arrays("bags", key, folder)
    known: dict[str, int] = {}
    if stored:
        known = {text: i for i, text in enumerate(as_texts(stored["texts"]))}
        table = Bags(as_texts(stored["grams"]), stored["starts"], stored["columns"], stored["values"])
    else:
        table = Bags.of([])
    missing = [text for text in dict.fromkeys(texts) if text not in known]
    if missing:
        table = table.joined(Bags.of(make(text) for text in missing))
        known |= {text: len(known) + i for i, text in enumerate(missing)}
    found = table.rows(np.array([known[text] for text in texts], dtype=np.int64))
    if missing:
        each = list(dict.fromkeys(texts))
        kept = table.rows(np.array([known[text] for text in each], dtype=np.int64))
        write_arrays(
            "bags",
            key,
            {
                "texts": as_bytes(each), "grams": as_bytes(kept.grams),
                "starts": kept.starts, "columns": kept.columns, "values": kept.values,
            },
            folder,
        )  # fmt: skip
    return found


def _starts(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
