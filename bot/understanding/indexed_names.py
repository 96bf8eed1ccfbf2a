"""Names in one language, indexed; thousands are kept on disk, where the next start finds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.cache import Arrays, cached_arrays, content_key
from bot.understanding import analysis, lexical, signs, tokens
from bot.understanding.analysis import Analyzer
from bot.understanding.lexical import Floats, LexicalIndex
from troly import text as folding

_MANY = 2000
"""Fewer are indexed in less time than it takes to look for them."""


@dataclass(frozen=True, slots=True)
class IndexedNames:
    """The names as rows."""

    index: LexicalIndex
    accented: LexicalIndex | None
    """By words with their marks; Vietnamese only."""
    groups: tuple[str, ...]
    variants: Floats
    """Per row and group of variants: 1 where the row has a word of the group."""


def indexed(language: str, analyzer: Analyzer, texts: Sequence[str]) -> IndexedNames:
    """Names in "vi", "en" or "other" (Chinese, Korean, Japanese)."""
    # Who writes in another language is a foreigner more often than not.
    groups = tuple(group for group in analyzer.variants if language == "vi" or group != "foreign")
    if len(texts) < _MANY:
        return _from_arrays(language, groups, _arrays(language, analyzer, groups, texts))
    code = (analysis, lexical, signs, tokens, folding)
    key = content_key(language, texts, analyzer.variants, analyzer.row_weights, analyzer.short, *code)
    made = cached_arrays(f"names-{language}", key, lambda: _arrays(language, analyzer, groups, texts))
    return _from_arrays(language, groups, made)


def _arrays(language: str, analyzer: Analyzer, groups: Sequence[str], texts: Sequence[str]) -> Arrays:
    words = LexicalIndex([analyzer.words(text) for text in texts], _spell(language), analyzer.row_weight)
    made = {f"index/{name}": array for name, array in words.arrays().items()}
    if language == "vi":
        marked = LexicalIndex([analyzer.accented_words(text) for text in texts], _nothing)
        made |= {f"accented/{name}": array for name, array in marked.arrays().items()}
    variants = np.zeros((len(texts), len(groups)), dtype=np.float32)
    if language != "other":
        for row, text in enumerate(texts):
            has = analyzer.variant_groups(text)
            variants[row] = [group in has for group in groups]
    return made | {"variants": variants}


def _from_arrays(language: str, groups: tuple[str, ...], made: Arrays) -> IndexedNames:
    def part(name: str) -> Arrays:
        return {key.partition("/")[2]: array for key, array in made.items() if key.startswith(f"{name}/")}

    return IndexedNames(
        LexicalIndex.from_arrays(part("index"), _spell(language)),
        LexicalIndex.from_arrays(part("accented"), _nothing) if language == "vi" else None,
        groups,
        made["variants"],
    )


def _spell(language: str) -> lexical.Spell | None:
    return _nothing if language == "other" else None


def _nothing(_word: str) -> list[str]:
    return []
