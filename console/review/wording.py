"""The words that citizens put around what they mean, as naming.py needs them: from the project's data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from troly import yaml_files
from troly.text import fold

FILE = Path(__file__).with_name("wording.yml")

Phrase = tuple[str, ...]
_SEEN = 2
"""Names in which two words stand together, from which on they belong together."""


@dataclass(frozen=True, slots=True)
class Forms:
    """Phrases in the form in which a text is compared."""

    phrases: frozenset[Phrase]
    firsts: frozenset[str]
    """Their first words: most words of a text begin none."""

    def __contains__(self, phrase: Phrase) -> bool:
        return phrase in self.phrases


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases as they are written, and as they are written without marks."""

    written: Forms
    plain: Forms

    @classmethod
    def of(cls, phrases: Iterable[Any]) -> Phrases:
        """From texts."""
        written = {tuple(str(phrase).lower().split()) for phrase in phrases}
        plain = {tuple(fold(word) for word in one) for one in written}
        return cls(
            *(Forms(frozenset(one), frozenset(phrase[0] for phrase in one)) for one in (written, plain))
        )

    def like(self, *, marked: bool) -> Forms:
        """Those to compare with a text that has its marks, or has none."""
        return self.written if marked else self.plain


@dataclass(frozen=True, slots=True)
class Language:
    """The words of one language."""

    breaks: Phrases
    soft: Phrases
    fillers: Phrases
    aspects: Phrases
    light: Phrases
    anywhere: Phrases
    always: Phrases
    denials: Phrases
    cues: Phrases


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of all languages."""

    of: Mapping[str, Language]
    spelled_out: Mapping[str, str]
    """Chat spellings of Vietnamese and what they stand for."""
    pairs: frozenset[tuple[str, str]]
    """Folded words that stand together in names of procedures: "nhan con", "ban hang"."""
    doubtful: frozenset[str]
    """Folded words that are left out with their marks, and stand in names with others: "ma" for mà and mã."""


def wording(carriers: Any, teencode: Any, names: Iterable[str]) -> Wording:
    """From what carriers.yml, teencode.yml and the everyday names hold. Reads wording.yml beside this."""
    own = yaml_files.read(FILE)
    languages = {}
    for language, more in own.items():
        groups = (carriers or {}).get(language) or {}
        languages[language] = Language(
            Phrases.of(more["breaks"]),
            Phrases.of(more["soft"]),
            Phrases.of([*(groups.get("fillers") or ()), *more["ends"]]),
            Phrases.of(groups.get("aspects") or ()),
            Phrases.of(groups.get("light") or ()),
            Phrases.of(more["anywhere"]),
            Phrases.of(more["always"]),
            Phrases.of(more["denials"]),
            Phrases.of(more["cues"]),
        )
    pairs: Counter[tuple[str, str]] = Counter()
    written: Counter[str] = Counter()
    for name in names:
        written.update(set(name.lower().split()))
        words = fold(name).split()
        pairs.update(set(pairwise(words)))
    own_words = languages["vi"]
    sure = {
        phrase[0]
        for group in (own_words.breaks, own_words.anywhere, own_words.always)
        for phrase in group.written.phrases
        if len(phrase) == 1
    }
    others = {fold(word) for word, count in written.items() if count >= _SEEN and word not in sure}
    entries = (teencode or {}).get("entries") or {}
    return Wording(
        languages,
        {str(short): str(long) for short, long in entries.items()},
        frozenset(pair for pair, count in pairs.items() if count >= _SEEN),
        frozenset(others & {fold(word) for word in sure}),
    )
