"""Numbers that come from addresses and forms."""

from __future__ import annotations


def number(text: object, otherwise: int = 0) -> int:
    """A whole number that the database can hold, or `otherwise`."""
    word = str(text or "")
    return int(word) if word.isascii() and word.isdigit() and len(word) < 18 else otherwise
