"""Reads Chinese, Japanese and Korean, which have no spaces between words or put endings to them: pairs of
neighbouring signs are the words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.understanding.analysis import CONTENT, Analyzer, without_codes
from bot.understanding.lexical import Query
from bot.understanding.tokens import CJK, LETTERS
from troly.text import fold

_SIGNS = re.compile(rf"({CJK.pattern}+)")
_HIRAGANA = re.compile(r"[\u3040-\u309f]+")
"""Of those are Japanese endings and particles, hardly ever what somebody needs."""


def sign_pairs(text: str) -> list[str]:
    """Each two neighbouring signs, single signs, and words in Latin letters ("IRC"), in their order."""
    found: list[str] = []
    for run in LETTERS.findall(fold(text)):
        for part in _SIGNS.split(run):
            if not CJK.match(part):
                found += [part] if part else []
            elif len(part) == 1:
                found.append(part)
            else:
                found += [part[at : at + 2] for at in range(len(part) - 1)]
    return [word for word in found if not _HIRAGANA.fullmatch(word)]


@dataclass(slots=True)
class SignAnalyzer(Analyzer):
    """The analyzer of names and messages in these languages; it knows no carriers, variants and slips."""

    language: str = "other"

    def words(self, text: str) -> list[str]:
        """The pairs by which rows and queries are compared."""
        return sign_pairs(text)

    def query(self, text: str) -> Query:
        """The message without codes, each pair once; what stands around whatever is asked weighs little."""
        pairs = tuple(dict.fromkeys(sign_pairs(without_codes(text))))
        return Query(pairs, tuple(self.common.get(pair, CONTENT) for pair in pairs))
