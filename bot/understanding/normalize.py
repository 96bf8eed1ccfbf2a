"""Makes citizens' writing uniform: clean, tone marks in one place, teencode written out, codes untouched."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.understanding.syllables import vietnamese_shaped
from bot.understanding.tokens import APPLICATION_LIKE, PHONE, PROCEDURE_CODE, URL
from troly.text import clean, squeeze, strip_accents

MAX_CHARACTERS = 2_000
"""What follows is not read: nobody asks in more, and the time per message stays bounded."""

_PIECE = re.compile(r"[^\W_]+|[^\w\s]+|_+|\s+")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_NEUTRALISED = " \t\r\n\u2060/\\"


@dataclass(frozen=True, slots=True)
class Meaning:
    """One reading of a short form: it holds where the folded word before or after it is one of these.

    "<number>", "<start>" and "<end>" stand for any number and the edges; without words it is the default.
    """

    text: str
    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()


@dataclass(slots=True)
class Normalizer:
    """Writes out short forms. `plain` always means the same; `ambiguous` is decided by its neighbours.

    `english` are words that speak against Vietnamese; `place_tones` puts a word's tone mark in its place.
    """

    plain: Mapping[str, str] = field(default_factory=dict)
    ambiguous: Mapping[str, Sequence[Meaning]] = field(default_factory=dict)
    place_tones: Callable[[str], str] = str
    english: frozenset[str] = frozenset()

    def normalize(self, text: str) -> str:
        """One line, NFC, tone marks placed, stretched letters shortened, teencode written out.

        Codes, phone numbers and addresses stay letter for letter. English is not expanded.
        """
        text = squeeze(clean(text[: 2 * MAX_CHARACTERS]))[:MAX_CHARACTERS].lstrip(_NEUTRALISED)
        vietnamese = self._is_vietnamese(text)
        parts: list[str] = []
        end = 0
        for start, stop in _protected(text):
            parts += [self._rewrite(text[end:start], vietnamese), text[start:stop]]
            end = stop
        parts.append(self._rewrite(text[end:], vietnamese))
        return "".join(parts)[:MAX_CHARACTERS]

    def _rewrite(self, text: str, vietnamese: bool) -> str:
        pieces = _PIECE.findall(text)
        words = [i for i, piece in enumerate(pieces) if piece[0].isalnum()]
        lower = [pieces[i].lower() for i in words]
        for n, i in enumerate(words):
            written = pieces[i]
            if not written.isascii():
                pieces[i] = self.place_tones(written)
            if not vietnamese:
                continue
            short = _STRETCHED.sub(r"\1", lower[n])
            if (meaning := self.plain.get(lower[n]) or self.plain.get(short)) is not None:
                pieces[i] = meaning
            elif (choices := self.ambiguous.get(lower[n]) or self.ambiguous.get(short)) is not None:
                pieces[i] = _by_neighbours(choices, lower, n, pieces[i])
            elif short != lower[n]:
                pieces[i] = short
        return "".join(pieces)

    def _is_vietnamese(self, text: str) -> bool:
        """More for than against: marks, teencode and Vietnamese syllables against what cannot be one."""
        likely = 0.0
        for piece in _PIECE.findall(text):
            word = piece.lower()
            if not word[0].isalpha() or len(word) == 1:
                continue
            if not word.isascii() or (word in self.plain and not vietnamese_shaped(word)):
                likely += 1.5
            elif word in self.english or not (word in self.ambiguous or vietnamese_shaped(word)):
                likely -= 1.5
            else:
                likely += 1
        return likely > 0


def make_normalizer(
    plain: Mapping[str, str], ambiguous: Mapping[str, Sequence[Meaning]], english: frozenset[str]
) -> Normalizer:
    """A normalizer with underthesea's table of tone marks (a lookup, no model)."""
    # underthesea imports transformers, where it is installed, for a translator that nobody uses here:
    # 1.6 s and 60 MB at every start.
    loaded = "transformers" in sys.modules
    if not loaded:
        sys.modules["transformers"] = None  # type: ignore[assignment]
    try:
        from underthesea.pipeline.text_normalize.token_normalize import token_normalize
    finally:
        if not loaded:
            del sys.modules["transformers"]
    return Normalizer(plain, ambiguous, token_normalize, english)


def _protected(text: str) -> list[tuple[int, int]]:
    spans = sorted(
        match.span()
        for pattern in (URL, APPLICATION_LIKE, PROCEDURE_CODE, PHONE)
        for match in pattern.finditer(text)
    )
    kept: list[tuple[int, int]] = []
    for start, stop in spans:
        if not kept or start >= kept[-1][1]:
            kept.append((start, stop))
        elif stop > kept[-1][1]:
            kept[-1] = (kept[-1][0], stop)
    return kept


def _by_neighbours(choices: Sequence[Meaning], words: Sequence[str], at: int, written: str) -> str:
    before = _kind(words[at - 1]) if at else "<start>"
    after = _kind(words[at + 1]) if at + 1 < len(words) else "<end>"
    for choice in choices:
        if not (choice.before or choice.after) or before in choice.before or after in choice.after:
            return choice.text
    return written


def _kind(word: str) -> str:
    return "<number>" if word.isdigit() else strip_accents(word)
