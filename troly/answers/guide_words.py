"""The words by which a guide is known: those of its names and its title that tell something."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from troly.text import fold

_WORDS = re.compile(r"[^\W_]+")
_IGNORED = frozenset(
    _WORDS.findall(
        "toi em minh anh chi a oi nhe cho hoi lam sao nao the gi duoc khong ko k la co bi thi de tren va voi "
        "cach huong dan giup i my me the a an to is do does how can what on in for of it with and please "
        "help cannot t"
    )
)


def telling(text: str) -> frozenset[str]:
    """The words of a question or a name, folded, without those that any question has."""
    return frozenset(word for word in _WORDS.findall(fold(text)) if word not in _IGNORED)


def names_of(content: Mapping[str, Any]) -> list[str]:
    """How people ask for a guide, and its titles, from a guide as its file is written."""
    titles = content.get("title") or {}
    return [*map(str, content.get("names") or ()), *map(str, titles.values())]
