"""Words and shapes: what counts as a word, and what must never be rewritten."""

from __future__ import annotations

import re

from troly.text import CJK_SIGNS, WORD_SIGN, fold

WORD = re.compile(r"[^\W_]+")
"""A run of letters and digits of any script."""

LETTERS = re.compile(r"[^\W\d_]+")

CJK = re.compile(f"[{CJK_SIGNS}]")

URL = re.compile(r"(?:https?://|www\.)\S+|[\w.+-]+@[\w-]+\.[\w.]+", re.IGNORECASE)

# 1.001193, also with the locality that portals append: 1.001193.000.00.00.H49
PROCEDURE_CODE = re.compile(
    rf"(?<!{WORD_SIGN})(?<!\.)"
    rf"(?P<code>\d{{1,2}}\.\d{{6}})(?P<locality>(?:\.\d{{2,3}}){{0,3}}(?:\.H\d{{2}})?)(?!{WORD_SIGN})",
    re.IGNORECASE,
)

# The start of an application code, H49.33-250421-0001 in any spelling; portal.codes decides what it is.
APPLICATION_LIKE = re.compile(
    rf"(?<!{WORD_SIGN})"
    r"[hg]\s?\d{2}[\s.\-_]?\d{0,3}(?:[\s.\-_]{1,3}\d{2,3}){0,3}[\s.\-_]{0,3}\d{6}[\s.\-_]{0,3}\d{3,6}"
    rf"(?:[\s.\-_]+[a-z]{{2,4}}){{0,2}}(?!{WORD_SIGN})",
    re.IGNORECASE,
)

# Vietnamese numbers: 0 or +84, nine or ten digits, grouped by spaces, dots or dashes.
PHONE = re.compile(rf"(?<!{WORD_SIGN})(?<![.\-])(?:\+?84|0)(?:[\s.\-]?\d){{8,10}}(?!{WORD_SIGN})(?!-)")

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")

LONG_NUMBER = re.compile(rf"(?<!{WORD_SIGN})\d{{8,}}(?!{WORD_SIGN})")


def folded_words(text: str) -> list[str]:
    """The words of the folded text; each Chinese, Japanese or Korean sign stays inside its run."""
    return WORD.findall(fold(text))


def is_cjk(text: str) -> bool:
    """True where most letters are Chinese, Japanese or Korean."""
    letters = sum(len(run) for run in LETTERS.findall(text))
    return letters > 0 and len(CJK.findall(text)) * 2 >= letters
