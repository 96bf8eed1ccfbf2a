"""Searching the catalogue by the words that staff type: names, everyday names, codes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import or_, select

from channels.store import Store
from console.review.known import known
from troly.learning import folded
from troly.tables.catalogue import CatalogueProcedure
from troly.tables.learning import LearnedName
from troly.text import fold

_SECONDS = 60.0
_STEM = 5
_PREFIXES = ("tinh ", "thanh pho ")


@dataclass(frozen=True, slots=True)
class Procedure:
    """A procedure that this deployment serves."""

    code: str
    name: str
    name_en: str | None
    field: str

    @property
    def label(self) -> str:
        """As a list shows it."""
        return f"{self.name} ({self.code})"


class Index:
    """All served procedures, searchable."""

    def __init__(self, rows: Sequence[Procedure], names: dict[str, tuple[str, ...]]) -> None:
        """`names` are everyday names by code."""
        self.by_code = {row.code: row for row in rows}
        self._rows = list(self.by_code.values())
        self._words = [
            set(fold(" ".join((row.name, row.name_en or "", *names.get(row.code, ())))).split())
            for row in self._rows
        ]
        self._official = [fold(row.name) for row in self._rows]
        self._spread = Counter(word for words in self._words for word in words)
        self._place = {row.code: place for place, row in enumerate(self._rows)}
        named: dict[str, set[str]] = {}
        for row in self._rows:
            for name in (row.name, row.name_en or "", *names.get(row.code, ())):
                if key := folded(name):
                    named.setdefault(key, set()).add(row.code)
        self.named = {key: frozenset(codes) for key, codes in named.items()}
        """Folded name -> the codes of the procedures that are called so."""

    def search(self, text: str, limit: int = 12) -> list[Procedure]:
        """Those with most of the words, the last of which may be unfinished; best first."""
        asked = fold(text)
        if exact := self.by_code.get(text.strip()):
            return [exact]
        words = asked.split()
        if not words:
            return []
        scored = []
        for row, having, official in zip(self._rows, self._words, self._official, strict=True):
            score = sum(self._weight(word) for word in words[:-1] if word in having)
            last = words[-1]
            if last in having or any(word.startswith(last) for word in having):
                score += self._weight(last)
            if score:
                score += 3.0 * (asked in official) + 1.0 / (1 + len(having))
                scored.append((score, row))
            elif row.code.startswith(asked):
                scored.append((9.0, row))
        scored.sort(key=lambda one: (-one[0], len(one[1].name), one[1].code))
        return [row for _, row in scored[:limit]]

    def shared(self, words: Iterable[str], code: str) -> float:
        """How much of these folded words the names of the procedure have: rare words count more."""
        if code not in self._place:
            return 0.0
        having = self._words[self._place[code]]
        return sum(self._weight(word) for word in set(words) if _among(word, having))

    def _weight(self, word: str) -> float:
        return log(1 + len(self._rows) / (1 + self._spread.get(word, 0)))


def _among(word: str, having: set[str]) -> bool:
    """Also another form of a longer word: registered, registration."""
    return word in having or (len(word) > _STEM and any(one.startswith(word[:_STEM]) for one in having))


_made: WeakKeyDictionary[Store, tuple[float, Index]] = WeakKeyDictionary()


async def index(store: Store, province: str) -> Index:
    """The catalogue as it was at most a minute ago."""
    kept = _made.get(store)
    if kept and monotonic() - kept[0] < _SECONDS:
        return kept[1]
    table = CatalogueProcedure
    async with store.read() as connection:
        rows = (
            await connection.execute(
                select(table.code, table.name, table.name_en, table.field)
                .where(
                    table.withdrawn_at.is_(None),
                    or_(table.province.is_(None), table.province == _folded(province)),
                )
                .order_by(table.code)
            )
        ).all()
        taught = (
            await connection.execute(
                select(LearnedName.procedure_code, LearnedName.name).where(LearnedName.removed_at.is_(None))
            )
        ).all()
    made = await asyncio.to_thread(_indexed, rows, taught)
    _made[store] = (monotonic(), made)
    return made


def _indexed(rows: Sequence[Any], taught: Sequence[Any]) -> Index:
    names = {code: list(of) for code, of in known().names.items()}
    for code, name in taught:
        names.setdefault(code, []).append(name)
    found = [Procedure(code, name, name_en, field) for code, name, name_en, field in rows]
    return Index(found, {code: tuple(of) for code, of in names.items()})


def _folded(province: str) -> str:
    """The province as the catalogue writes it: folded, without the kind of unit."""
    name = fold(province)
    return next((name.removeprefix(prefix) for prefix in _PREFIXES if name.startswith(prefix)), name)
