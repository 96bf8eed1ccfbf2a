"""The categories of field reports (actions/data/report_categories.yml), and which one a text suggests."""

from __future__ import annotations

import re
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
    """The category whose words the text has most of; None when it has none, or as many of two."""
    folded = " ".join(re.findall(r"\w+", fold(text)))
    weights = {
        category.id: sum(
            len(word.split()) ** 2 for word in category.words if re.search(rf"\b{re.escape(word)}\b", folded)
        )
        for category in categories().values()
    }
    first, second = sorted(weights.values(), reverse=True)[:2]
    if first == second:
        return None
    return max(weights, key=lambda identity: weights[identity])
