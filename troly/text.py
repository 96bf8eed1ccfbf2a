"""Folding and whitespace, used wherever Vietnamese texts are compared."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# The combining marks of Latin letters; those of Japanese kana lie elsewhere and stay.
_MARKS = re.compile("[\u0300-\u036f]")
_DASHED = str.maketrans({"đ": "d", "Đ": "D", "ð": "d", "Ð": "D"})
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ud800-\udfff]"
)

CJK_SIGNS = r"\u1100-\u11ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
"""Han, kana and Hangul, which have no spaces between words: ranges for a class of a regular expression."""

WORD_SIGN = rf"[^\W{CJK_SIGNS}]"
"""A letter or digit of any other script: such signs stand beside a number without being part of it."""

_A_WORD = 24
"""Characters. Words come again, in each message and in each step that looks at it: a few thousand syllables
are most of Vietnamese."""


def strip_accents(text: str) -> str:
    """The text without Vietnamese marks, case kept: "Đăng ký" -> "Dang ky".

    đ comes first, because Unicode does not decompose it. Chinese, Japanese and Korean stay as they are.
    """
    if text.isascii():
        return text
    if " " not in text:
        return _bare_word(text) if len(text) <= _A_WORD else _bare(text)
    # No mark belongs to a space, so that words can be taken one by one.
    return " ".join([word if word.isascii() else strip_accents(word) for word in text.split(" ")])


def _bare(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.translate(_DASHED))
    return unicodedata.normalize("NFC", _MARKS.sub("", decomposed))


_bare_word = lru_cache(8_192)(_bare)


def fold(text: str) -> str:
    """Lower case, no Vietnamese marks, single spaces: the form in which texts are compared."""
    return squeeze(strip_accents(text).lower())


def squeeze(text: str) -> str:
    """Runs of white space become one space; none at the ends."""
    return " ".join(text.split())


def clean(text: str) -> str:
    """NFC, without control characters, bidirectional overrides, zero-width marks and lone surrogates.

    Newlines and tabs stay. What a citizen sees as empty becomes "".
    """
    # Most texts are printable but for their lines, and none of those characters is.
    if not text.isprintable() and not text.replace("\n", "").isprintable():
        text = _CONTROL.sub("", text)
    return (text if text.isascii() else unicodedata.normalize("NFC", text)).strip()
