"""Messages that name their subject in another language: "gia hạn work permit", "xoa ho khau for my son"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.understanding.spelling import Speller
from bot.understanding.syllables import vietnamese_shaped
from bot.understanding.tokens import folded_words

_WORDS = 2
"""Words of the other language from which on it is no accident."""
_OFTENER = 8
"""A word that everyday Vietnamese names have so many times as often as English ones is Vietnamese ("lai", not
"can"); "so do" and "tam tru" stand in English ones too."""


@dataclass(frozen=True, slots=True)
class Mixed:
    """What tells that the names of the other language should be searched as well."""

    vietnamese: frozenset[str] = frozenset()
    """Folded words that only Vietnamese names have, or nearly."""
    english: Speller | None = None

    @classmethod
    def of(
        cls,
        citizens: Mapping[str, Mapping[str, Sequence[str]]],
        english: Speller | None,
        around: Collection[str] = (),
    ) -> Mixed:
        """From the everyday names by code and language, the speller that knows the words of the English ones,
        and the English words `around` whatever is asked, which no name has ("do" is none of "sổ đỏ")."""
        vi, en = (_counted(names.get(code, ()) for names in citizens.values()) for code in ("vi", "en"))
        vietnamese = frozenset(word for word, times in vi.items() if times > _OFTENER * en[word]) - set(
            around
        )
        return cls(vietnamese, english)

    def has_english(self, text: str) -> bool:
        """True where a Vietnamese message names its subject in English ("gia hạn work permit")."""
        if self.english is None:
            return False
        words = [word for word in folded_words(text) if len(word) > 3 and not vietnamese_shaped(word)]
        return sum(word in self.english.known for word in words) >= _WORDS

    def has_vietnamese(self, text: str) -> bool:
        """True where an English message says in Vietnamese what it wants ("xoa ho khau for my son")."""
        return sum(word in self.vietnamese for word in folded_words(text)) >= _WORDS


def _counted(names: Iterable[Sequence[str]]) -> Counter[str]:
    return Counter(word for each in names for name in each for word in folded_words(name))
