"""What a citizen thinks of an answer, read from words: stars, or a thumb."""

from __future__ import annotations

import re
from dataclasses import dataclass

from troly.text import fold

_NUMBERS = {
    "mot": 1,
    "hai": 2,
    "ba": 3,
    "bon": 4,
    "nam": 5,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
}
_STARS = re.compile(
    r"\b([1-5]|" + "|".join(_NUMBERS) + r")\s*(?:sao|diem|\*|/ ?5\b|stars?\b|points?\b|tren 5)|([⭐★]+)"
)
_WRONG = re.compile(
    r"\b(?:tra loi (?:sai|nham|lung tung|khong dung)|(?:cau|thong tin|noi) (?:tra loi |nay )?(?:bi )?sai"
    r"|sai (?:thong tin|bet)|khong dung y|wrong (?:answer|information|procedure)"
    r"|answer (?:is|was) (?:wrong|bad)|not (?:correct|helpful))\b|👎"
)
_RIGHT = re.compile(
    r"👍|\b(?:huu ich|tra loi (?:dung|tot|hay|chuan)|rat hai long|helpful|(?:good|great|correct) answer)\b"
)
_SHORT = 8


@dataclass(frozen=True, slots=True)
class Verdict:
    """stars: 1 to 5; thumb: up or down. One of them."""

    stars: int | None = None
    thumb: bool | None = None


def verdict_in(text: str) -> Verdict | None:
    """The verdict that a short message is; None for others, which may tell of something else as well."""
    words = fold(text[:200])
    if len(words.split()) > _SHORT:
        return None
    if found := _STARS.search(words):
        return Verdict(stars=min(len(found[2]), 5) if found[2] else _NUMBERS.get(found[1]) or int(found[1]))
    if _WRONG.search(words):
        return Verdict(thumb=False)
    return Verdict(thumb=True) if _RIGHT.search(words) else None
