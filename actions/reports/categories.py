"""The categories of field reports (actions/data/report_categories.yml), and which one a text suggests."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from troly.text import fold

FILE = Path(__file__).parent.parent / "data" / "report_categories.yml"


@dataclass(frozen=True, slots=True)
class Category:
    """One category; its name in each language."""

    id: str
    name: dict[str, str]
    words: tuple[str, ...]


@lru_cache(maxsize=1)
def categories() -> dict[str, Category]:
    """All by id, in the file's order; `troly data check` says what is wrong with it."""
    raw: Sequence[dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {item["id"]: Category(item["id"], item["name"], tuple(item["words"])) for item in raw}


def suggest(text: str) -> str | None:
    """The category whose words the text has most of; None when it has none, or as many of two.

    Words are read from the left and each only once: in "den duong hong" is no "duong hong".
    """
    weights: Counter[str] = Counter()
    for found in _words().finditer(" ".join(re.findall(r"\w+", fold(text)))):
        for category in categories().values():
            if found.group() in category.words:
                weights[category.id] += len(found.group().split()) ** 2
    ranked = weights.most_common(2)
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


@lru_cache(maxsize=1)
def _words() -> re.Pattern[str]:
    words = {word for category in categories().values() for word in category.words}
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b")
