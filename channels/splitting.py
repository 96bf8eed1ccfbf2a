"""Cutting a long text where a reader would: between paragraphs, else lines, sentences, words.

Lengths are UTF-16 units of the composed form, in which an emoji counts twice: so Telegram counts, and
Zalo where it tells.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import takewhile

_BREAKS = (
    re.compile(r"\n[ \t]*\n\s*"),
    re.compile(r"\n\s*"),
    re.compile(r"(?<=[.!?…;])\s+"),
    re.compile(r"\s+"),
)
_JOINED = "\u200d\ufe0f"
"""What holds an emoji together: zero-width joiner, variation selector."""


def units(text: str) -> int:
    """The length in UTF-16 units."""
    return len(text) + sum(letter > "\uffff" for letter in text)


def split(text: str, limit: int) -> list[str]:
    """The text, composed, in pieces of at most `limit` units (at least 2), none empty.

    Nothing but white space is lost. A word longer than the limit is cut, but not within a character.
    """
    pieces = []
    rest = unicodedata.normalize("NFC", text).strip()
    while units(rest) > limit:
        head, rest = _cut(rest, limit)
        pieces.append(head)
    return [*pieces, rest] if rest else pieces


def shorten(text: str, limit: int) -> str:
    """The text on one line, cut between words with "…" when it is longer than `limit` units."""
    line = " ".join(unicodedata.normalize("NFC", text).split())
    if units(line) <= limit:
        return line
    head = _first(line, limit - 1)
    cut = head.rfind(" ")
    return head[: cut if cut > len(head) // 2 else len(head)].rstrip(" ,;:–-") + "…"


def _cut(text: str, limit: int) -> tuple[str, str]:
    window = _first(text, limit)
    for pattern in _BREAKS:
        # A break may end beyond the window: only what stands before it must fit.
        within = takewhile(lambda found: found.start() <= len(window), pattern.finditer(text))
        cuts = [found for found in within if found.start() > 0]
        # A cut in the first quarter would leave a scrap; the next smaller kind of break is better.
        if cuts and cuts[-1].start() >= len(window) // 4 and (head := text[: cuts[-1].start()].rstrip()):
            return head, text[cuts[-1].start() :].lstrip()
    return window, text[len(window) :].lstrip()


def _first(text: str, limit: int) -> str:
    """The longest beginning of at most `limit` units that leaves no combining mark behind."""
    window = text[:limit]
    while units(window) > limit:
        window = window[: len(window) - max(1, (units(window) - limit) // 2)]
    end = len(window)
    while 1 < end < len(text) and (unicodedata.combining(text[end]) or text[end] in _JOINED):
        end -= 1
    return window[:end]
