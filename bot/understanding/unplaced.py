"""A message without the places that it names, for the finder.

No procedure is called by a commune or a province, and to an index of names a place is a rare and therefore
weighty word: "where do I go in Quang Ninh" found the one procedure that has the province in its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.understanding.places import PlaceFinder

_BEFORE = re.compile(r"(?:\b(?:the )?(?:old|former|province of)|\btỉnh|\btinh)\s*$", re.I)
_BEHIND = re.compile(r"^\s*(?:cũ|cu|mới|moi|trước đây|truoc day|province)\b", re.I)
"""Said of a place, not of what the citizen needs."""

_MOST = 3
"""Provinces that are taken out; who names more speaks of them."""


def without_places(text: str, communes: Iterable[tuple[int, int]], provinces: PlaceFinder) -> str:
    """`text` without the communes, which stand from and to these places, and the provinces in it; as it is
    where nothing else would be left."""
    left = text
    for start, end in sorted(communes, reverse=True):
        left = _without(left, start, end)
    for _ in range(_MOST):
        if (place := provinces.find(left)) is None:
            break
        left = _without(left, place.start, place.end)
    return " ".join(left.split()) or text


def _without(text: str, start: int, end: int) -> str:
    return f"{_BEFORE.sub('', text[:start])} {_BEHIND.sub('', text[end:])}"
