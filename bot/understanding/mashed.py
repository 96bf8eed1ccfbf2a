"""Words that are nothing but keys in a row ("asdf"), the alphabet's ends or one letter: no language."""

from __future__ import annotations

import re
from collections.abc import Iterator


def only_keys(word: str) -> bool:
    """True for "asdf", "qweasd", "abcxyz", "zzz"; not for "was" or "ghi"."""
    return _MASHED.fullmatch(word) is not None


def _keys() -> Iterator[str]:
    for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm"):
        yield from (row[i:j] for i in range(len(row)) for j in range(i + 3, len(row) + 1))


_MASHED = re.compile(rf"(?:{'|'.join(sorted(_keys(), key=len, reverse=True))}|abcd?|w?xyz|(.)\1\1+)+")
