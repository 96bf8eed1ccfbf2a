"""Mends single slips of the keyboard in English words, against the words that the data know."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

_WORD = re.compile(r"[A-Za-z]+")
_SHORTEST = 4


@dataclass(slots=True)
class Speller:
    """Known words by how often they occur, and what each becomes with one letter left out."""

    known: Counter[str] = field(default_factory=Counter)
    _shorter: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def train(cls, texts: Iterable[str]) -> Speller:
        """Learns the words of English texts."""
        made = cls()
        for text in texts:
            made.known.update(word.lower() for word in _WORD.findall(text))
        for word in made.known:
            if len(word) >= _SHORTEST:
                for part in {word, *_one_less(word)}:
                    made._shorter.setdefault(part, []).append(word)
        return made

    def with_words(self, texts: Iterable[str]) -> Speller:
        """A speller that knows the words of these texts too."""
        new = {word.lower() for text in texts for word in _WORD.findall(text)} - self.known.keys()
        if not new:
            return self
        made = Speller(self.known + Counter(new), dict(self._shorter))
        for word in new:
            if len(word) >= _SHORTEST:
                for part in {word, *_one_less(word)}:
                    made._shorter[part] = [*made._shorter.get(part, ()), word]
        return made

    def mend(self, text: str) -> str:
        """The text with unknown words replaced by a known one that is one slip away."""
        return _WORD.sub(lambda match: self._mended(match[0]), text)

    def _mended(self, written: str) -> str:
        word = written.lower()
        if len(word) < _SHORTEST or word in self.known:
            return written
        candidates = {
            known
            for part in (word, *_one_less(word))
            for known in self._shorter.get(part, ())
            # A slip rarely hits the first letter, and sharing a shorter form is not yet being one slip apart.
            if known[0] == word[0] and _one_slip(word, known)
        }
        return max(candidates, key=lambda known: (self.known[known], known)) if candidates else written


def _one_less(word: str) -> list[str]:
    return [word[:i] + word[i + 1 :] for i in range(len(word))]


def _one_slip(a: str, b: str) -> bool:
    """True where one letter is missing, too many, another, or swapped with its neighbour."""
    if abs(len(a) - len(b)) > 1:
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    rest_a, rest_b = a[start:], b[start:]
    if len(a) == len(b):
        return rest_a[1:] == rest_b[1:] or (rest_a[:2] == rest_b[:2][::-1] and rest_a[2:] == rest_b[2:])
    return rest_a[1:] == rest_b if len(a) > len(b) else rest_a == rest_b[1:]
