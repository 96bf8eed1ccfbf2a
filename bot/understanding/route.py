"""The names that messages of one language are compared with, indexed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.understanding.analysis import Analyzer
from bot.understanding.data import CJK_LANGUAGES
from bot.understanding.indexed_names import indexed
from bot.understanding.lexical import Floats, LexicalIndex

_ENGLISH_FOR_OTHERS = 5
"""Everyday English names by which the encoder also finds Chinese, Korean and Japanese messages."""


@dataclass(frozen=True, slots=True)
class Served:
    """A procedure that the deployment serves, or one that it does not, which then has no `name`."""

    code: str
    name: str
    title: str | None = None
    levels: tuple[str, ...] = ()
    field: str = ""


def not_served(citizens: Mapping[str, Mapping[str, Sequence[str]]], served: Sequence[Served]) -> list[Served]:
    """The procedures that citizens' names are known of and the catalogue has not.

    They are searched too: who asks for one of them must not get the served one that is least unlike it.
    """
    codes = {item.code for item in served}
    return [Served(code, "") for code in citizens if code not in codes]


@dataclass(slots=True)
class Route:
    """Rows of names; `procedures` tells whose name a row is (an index into the served procedures)."""

    analyzer: Analyzer
    index: LexicalIndex
    accented: LexicalIndex | None
    procedures: NDArray[np.int32]
    vectors: Floats | None
    prior: Floats
    groups: tuple[str, ...]
    variants: Floats
    """Per row and group of variants: 1 where the row has a word of the group."""
    sizes: NDArray[np.int64]
    """Per procedure the number of its names here."""

    def unasked(self, text: str) -> Floats:
        """Per row the number of variant groups (at most 2) that it has and the message has not."""
        asked = self.analyzer.variant_groups(text)
        missing = np.array([group not in asked for group in self.groups], dtype=np.float32)
        made: Floats = np.minimum(self.variants @ missing, 2.0)
        return made


def build_route(
    language: str,
    analyzer: Analyzer,
    served: Sequence[Served],
    citizens: Mapping[str, Mapping[str, Sequence[str]]],
    vectors: Mapping[str, NDArray[np.float16]],
    priors: Floats,
) -> Route | None:
    """The route of "vi", "en" or "other" (Chinese, Korean, Japanese); None where nothing has a name in it."""
    rows = [(n, name) for n, item in enumerate(served) for name in _names(language, item, citizens)]
    if not rows:
        return None
    texts = [text for _, text in rows]
    procedures = np.array([number for number, _ in rows], dtype=np.int32)
    rows_of_names = indexed(language, analyzer, texts)
    return Route(
        analyzer,
        rows_of_names.index,
        rows_of_names.accented,
        procedures,
        _row_vectors(texts, vectors),
        priors[procedures],
        rows_of_names.groups,
        rows_of_names.variants,
        np.bincount(procedures, minlength=len(served)),
    )


def _names(language: str, item: Served, citizens: Mapping[str, Mapping[str, Sequence[str]]]) -> list[str]:
    everyday = citizens.get(item.code, {})
    if language == "vi":
        return [*([item.name] if item.name else []), *everyday.get("vi", ())]
    if language == "en":
        return [*([item.title] if item.title else []), *everyday.get("en", ())]
    own = [name for code in CJK_LANGUAGES for name in everyday.get(code, ())]
    return [*own, *everyday.get("en", ())[:_ENGLISH_FOR_OTHERS]]


def _row_vectors(texts: Sequence[str], vectors: Mapping[str, NDArray[np.float16]]) -> Floats | None:
    known = [vectors.get(text) for text in texts]
    width = next((len(vector) for vector in known if vector is not None), 0)
    if not width:
        return None
    empty = np.zeros(width, dtype=np.float16)
    # np.stack takes ten times as long for thousands of short rows.
    rows = np.concatenate([empty if vector is None else vector for vector in known])
    return rows.reshape(-1, width).astype(np.float32)
