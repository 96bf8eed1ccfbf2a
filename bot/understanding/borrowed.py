"""Vietnamese words inside another language: names of papers, offices, places and people, and greetings.

"Sổ đỏ fee?" is English, whatever most of its letters say; "sổ đỏ" alone says nothing about who wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.understanding.tokens import LETTERS
from troly.text import fold

_LONGEST = 5
_Phrase = tuple[str, ...]
_Phrases = Mapping[str, Sequence[_Phrase]]
"""Phrases by their first words, the longest of each first."""


@dataclass(frozen=True, slots=True)
class Borrowed:
    """Phrases by their folded words, and English words that Vietnamese use among their own ("check")."""

    names: frozenset[_Phrase] = frozenset()
    greetings: frozenset[_Phrase] = frozenset()
    loans: frozenset[str] = frozenset()
    _names: _Phrases = field(init=False, repr=False, compare=False)
    _all: _Phrases = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Has the phrases at hand by the words that they begin with."""
        object.__setattr__(self, "_names", _by_first(self.names))
        object.__setattr__(self, "_all", _by_first(self.names | self.greetings))

    @classmethod
    def of(cls, names: Iterable[str], greetings: Iterable[str], loans: Iterable[str]) -> Borrowed:
        """From phrases as they are written."""
        return cls(_phrases(names), _phrases(greetings), frozenset(loans))

    def only_names(self, text: str) -> bool:
        """Whether the text is nothing but names of papers, offices and places."""
        words = LETTERS.findall(text)
        return bool(words) and not _without(words, self._names)

    def rest(self, text: str) -> list[str] | None:
        """The words that are left without names and greetings, in lower case; None where nothing went."""
        words = LETTERS.findall(text)
        kept = _without(_without_capitals(words), self._all)
        return [word.lower() for word in kept] if 0 < len(kept) < len(words) else None

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe state."""
        joined = {"names": self.names, "greetings": self.greetings}
        made: dict[str, Any] = {key: sorted(map(" ".join, phrases)) for key, phrases in joined.items()}
        return made | {"loans": sorted(self.loans)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Borrowed:
        """What to_dict() described."""
        return cls.of(data.get("names", ()), data.get("greetings", ()), data.get("loans", ()))


def _phrases(texts: Iterable[str]) -> frozenset[_Phrase]:
    return frozenset(tuple(fold(text).split()) for text in texts)


def _by_first(phrases: Iterable[_Phrase]) -> _Phrases:
    found: dict[str, list[_Phrase]] = {}
    for phrase in sorted(phrases, key=len, reverse=True):
        if 0 < len(phrase) <= _LONGEST:
            found.setdefault(phrase[0], []).append(phrase)
    return found


def _without(words: Sequence[str], phrases: _Phrases) -> list[str]:
    """The words outside of phrases, longest phrases first."""
    folded = [fold(word) for word in words]
    kept: list[str] = []
    at = 0
    while at < len(words):
        begun = phrases.get(folded[at], ())
        size = next((len(phrase) for phrase in begun if tuple(folded[at : at + len(phrase)]) == phrase), 0)
        if not size:
            kept.append(words[at])
        at += size or 1
    return kept


def _without_capitals(words: Sequence[str]) -> list[str]:
    """The words without names of people and places: two or more with a capital, one of them with marks."""
    kept: list[str] = []
    run: list[str] = []
    for word in [*words, ""]:
        if word.istitle():
            run.append(word)
            continue
        named = len(run) > 1 and not "".join(run).isascii()
        kept += [] if named else run
        kept += [word] if word else []
        run = []
    return kept
