"""Folding and whitespace, used wherever Vietnamese texts are compared."""

from __future__ import annotations

import re
import unicodedata

# The combining marks of Latin letters; those of Japanese kana lie elsewhere and stay.
_MARKS = re.compile("[\u0300-\u036f]")
_DASHED = str.maketrans({"đ": "d", "Đ": "D", "ð": "d", "Ð": "D"})
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ud800-\udfff]"
)


def strip_accents(text: str) -> str:
    """The text without Vietnamese marks, case kept: "Đăng ký" -> "Dang ky".

    đ comes first, because Unicode does not decompose it. Chinese, Japanese and Korean stay as they are.
    """
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFD", text.translate(_DASHED))
    return unicodedata.normalize("NFC", _MARKS.sub("", decomposed))


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
    if not text.isprintable():  # most texts are, and none of those characters is
        text = _CONTROL.sub("", text)
    return unicodedata.normalize("NFC", text).strip()
