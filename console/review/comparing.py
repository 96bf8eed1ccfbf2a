"""The words of a message as naming.py compares them: with their marks, or all without."""

from __future__ import annotations

from dataclasses import dataclass

from console.review.wording import Forms, Language, Phrase, Wording
from troly.text import fold, strip_accents

PHRASE = 6
"""Words of the longest phrase."""
_MARKED = 0.15
"""The share of words with marks from which on a text is written with them."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it was written, in small letters, and folded."""

    shown: str
    small: str
    plain: str


def words_of(text: str) -> list[Word]:
    """The words of a text, without the signs around them."""
    stripped = (raw.strip(".,'’`~*_-+=&%") for raw in text.split())
    return [Word(one, one.lower(), fold(one)) for one in stripped if one]


def _is_marked(text: str) -> bool:
    words = text.split()
    marked = sum(strip_accents(word) != word for word in words)
    return marked >= max(1, _MARKED * len(words))


@dataclass(frozen=True, slots=True)
class Reading:
    """How the words of one message are compared."""

    words: Language
    wording: Wording
    marked: bool
    english: bool

    @classmethod
    def of(cls, text: str, language: str, wording: Wording) -> Reading:
        """English has no marks that could be missing."""
        english = language == "en"
        words = wording.of["en" if english else "vi"]
        return cls(words, wording, english or _is_marked(text), english)

    def phrase(self, words: list[Word]) -> Phrase:
        """The words in the form that is compared."""
        return tuple(word.small if self.marked else word.plain for word in words)

    def belong_together(self, first: Word, second: Word) -> bool:
        """They do in names of procedures."""
        return (first.plain, second.plain) in self.wording.pairs

    def is_meant(self, words: list[Word], *, first: bool) -> bool:
        """A word at this end that looks like a filler, and is none here: "nhận con", "không chính chủ"."""
        word, pair = (words[0], words[:2]) if first else (words[-1], words[-2:])
        phrase = self.phrase([word])
        if phrase in self.words.always.like(marked=self.marked) and not self.is_doubtful(word, 1):
            return False
        if first and phrase in self.words.denials.like(marked=self.marked):
            return True
        if self.english and not first and word.shown[0].isupper():
            return True  # "Ha Long"
        if self.english and phrase in self.words.fillers.written:
            return False
        return self.belong_together(*pair)

    def is_doubtful(self, word: Word, length: int) -> bool:
        """Without its mark a single word may be another: "ma" is mà or mã."""
        return length == 1 and not self.marked and word.plain in self.wording.doubtful

    def longest(self, words: list[Word], at: int, among: Forms) -> int:
        """How many words from here are the longest phrase among these."""
        word = words[at]
        if (word.small if self.marked else word.plain) not in among.firsts:
            return 0
        for length in range(min(PHRASE, len(words) - at), 0, -1):
            if self.phrase(words[at : at + length]) in among:
                return length
        return 0

    def own(self, words: list[Word]) -> list[str]:
        """What is left without all carriers."""
        covered: set[int] = set()
        for phrases in (self.words.fillers, self.words.aspects, self.words.light, self.words.anywhere):
            among = phrases.like(marked=self.marked)
            for at in range(len(words)):
                covered.update(range(at, at + self.longest(words, at, among)))
        return [word.plain for at, word in enumerate(words) if at not in covered and not word.plain.isdigit()]

    def spelled_out(self, words: list[Word]) -> list[Word]:
        """Chat spellings in full."""
        if self.english:
            return words
        long = self.wording.spelled_out
        if not self.marked:
            long = {short: strip_accents(full) for short, full in long.items()}
        return [word for one in words for word in (words_of(long[one.small]) if one.small in long else [one])]
