"""Communes that a message names: those of today and those that were merged away, with and without accents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.understanding.tokens import WORD
from troly.text import fold

_KINDS = {
    "phuong": "phuong", "p": "phuong", "f": "phuong", "xa": "xa", "x": "xa", "dac khu": "dac khu",
    "thi tran": "thi tran", "tt": "thi tran", "huyen": "huyen", "h": "huyen", "quan": "quan", "q": "quan",
    "thi xa": "thi xa", "tx": "thi xa", "thanh pho": "thanh pho", "tp": "thanh pho",
}  # fmt: skip
_BEHIND = {
    "ward": "phuong",
    "commune": "xa",
    "township": "thi tran",
    "district": "huyen",
    "city": "thanh pho",
}
_CUES = frozenset(
    {"o", "tai", "ve", "thuoc", "den", "toi", "qua", "sang", "tu", "in", "at", "to", "from", "of"}
)
"""Words that a place follows; a bare name without them needs its capitals: "an sinh" is also welfare."""
_LONGEST = 4


@dataclass(frozen=True, slots=True)
class Place:
    """A named unit: its full name, and where it stands in the text."""

    name: str
    start: int
    end: int


@dataclass(slots=True)
class PlaceFinder:
    """Knows units by name: folded name without kind -> kind (folded) -> full name."""

    units: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    _begun: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Most words of a message begin no name."""
        self._begun = frozenset(name.partition(" ")[0] for name in self.units)

    @classmethod
    def of(cls, names: Iterable[str]) -> PlaceFinder:
        """From full names with their kind ("phường Bãi Cháy"); earlier ones win where two share a name."""
        units: dict[str, dict[str, str]] = {}
        for name in names:
            folded = fold(name)
            kind = next((kind for kind in _KINDS.values() if folded.startswith(kind + " ")), "")
            units.setdefault(folded.removeprefix(kind).strip(), {}).setdefault(kind, name)
        return cls(units)

    def find(self, text: str) -> Place | None:
        """The first unit that the text names, the longest name where several begin there."""
        found = list(WORD.finditer(text))
        words = [fold(match[0]) for match in found]
        for at, word in enumerate(words):
            if word not in self._begun:
                continue
            for size in range(min(_LONGEST, len(words) - at), 0, -1):
                kinds = self.units.get(" ".join(words[at : at + size]))
                if kinds is None:
                    continue
                kind, before = _kind_before(words, at)
                end = at + size
                if not kind and end < len(words) and words[end] in _BEHIND:
                    kind, end = _BEHIND[words[end]], end + 1
                written = text[found[at].start() : found[at + size - 1].end()]
                if not kind and not (size > 1 and _is_name(written, words[at - 1] if at else "")):
                    continue
                name = kinds.get(kind) or next(iter(kinds.values()))
                return Place(name, found[at - before].start(), found[end - 1].end())
        return None


def _kind_before(words: list[str], at: int) -> tuple[str, int]:
    for size in (2, 1):
        if at >= size and (kind := _KINDS.get(" ".join(words[at - size : at]))):
            return kind, size
    return "", 0


def _is_name(written: str, before: str) -> bool:
    return all(word[0].isupper() for word in written.split()) or before in _CUES
