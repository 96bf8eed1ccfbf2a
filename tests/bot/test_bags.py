"""The table of n-grams holds what was put in, and makes no row twice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from bot.understanding.bags import Bags, kept_bags

ROWS: list[dict[str, float]] = [{"a": 1.0, "b": 0.5}, {}, {"b": 2.0, "c": 0.25}, {"a": 3.0}]


def content(bags: Bags) -> list[dict[str, float]]:
    return [
        {
            bags.grams[column]: float(value)
            for column, value in zip(bags.columns[start:end], bags.values[start:end], strict=True)
        }
        for start, end in zip(bags.starts[:-1], bags.starts[1:], strict=True)
    ]


def test_a_table_holds_its_rows() -> None:
    bags = Bags.of(ROWS)
    assert content(bags) == ROWS
    assert len(bags) == 4
    assert bags.row_of.tolist() == [0, 0, 2, 2, 3]


@pytest.mark.parametrize("wanted", [[3, 0, 0], [1], [2, 1, 3, 0], []])
def test_rows_are_taken_in_any_order_with_their_own_grams_only(wanted: list[int]) -> None:
    taken = Bags.of(ROWS).rows(np.array(wanted, dtype=np.int64))
    assert content(taken) == [ROWS[i] for i in wanted]
    assert set(taken.grams) == {gram for i in wanted for gram in ROWS[i]}


def test_tables_are_joined_by_their_grams() -> None:
    joined = Bags.of(ROWS[:2]).joined(Bags.of(ROWS[2:]))
    assert content(joined) == ROWS
    assert sorted(joined.grams) == ["a", "b", "c"]
    assert content(Bags.of([]).joined(Bags.of(ROWS))) == ROWS


class Reader:
    """Counts the letters of a text, and remembers the texts."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, text: str) -> Mapping[str, float]:
        self.read.append(text)
        return {letter: float(text.count(letter)) for letter in text}


def test_only_new_texts_are_read_again(tmp_path: Path) -> None:
    first, second, third = Reader(), Reader(), Reader()
    kept_bags("k", ["phí", "mã", "phí"], first, tmp_path)
    assert first.read == ["phí", "mã"]
    made = kept_bags("k", ["mới", "phí", "phí"], second, tmp_path)
    assert second.read == ["mới"]
    assert content(made) == [dict(Reader()(text)) for text in ("mới", "phí", "phí")]
    kept_bags("k", ["phí", "mới"], third, tmp_path)
    assert third.read == []


def test_another_key_reads_everything_again(tmp_path: Path) -> None:
    kept_bags("k", ["phí"], Reader(), tmp_path)
    other = Reader()
    kept_bags("l", ["phí"], other, tmp_path)
    assert other.read == ["phí"]


def test_what_is_no_longer_wanted_is_forgotten(tmp_path: Path) -> None:
    kept_bags("k", ["phí", "mã"], Reader(), tmp_path)
    kept_bags("k", ["mới"], Reader(), tmp_path)
    again = Reader()
    kept_bags("k", ["phí", "mới"], again, tmp_path)
    assert again.read == ["phí"]
