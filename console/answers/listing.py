"""The lists: things found by words, by name, by area, and by what has become of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from console.answers import standing
from console.answers.kinds import Item, Kind
from troly.answers.live import live, retired
from troly.text import fold

PAGE = 50
SHOWS = ("changed", "draft", "made", "retired")
GROWN = frozenset({"made", "retired"})
"""Only of kinds that staff add to."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What is looked for."""

    text: str = ""
    area: str = ""
    show: str = ""
    """One of SHOWS, or all."""

    @property
    def set(self) -> dict[str, str]:
        """Those that are not empty."""
        given = {"text": self.text, "area": self.area, "show": self.show}
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing in the list."""

    item: Item
    titles: tuple[str, str]
    state: str
    """shipped, changed, made, retired, or pending: made, but never live."""
    draft: Any
    """The open draft's row, if any."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of what was found."""

    lines: list[Line]
    count: int
    start: int
    next: int | None


async def find(
    connection: AsyncConnection, kind: Kind, items: dict[str, Item], filters: Filters, start: int
) -> Page:
    """The things that have all the words, in their live or proposed wording, their key or shipped wording."""
    changed = await live(connection, kind.name)
    drafts = {row.key: row for row in await standing.drafts(connection, kind.name)}
    words = fold(filters.text).split()
    found = []
    for key, item in items.items():
        draft = drafts.get(key)
        if filters.area and item.area != filters.area:
            continue
        now = changed.get(key) or (draft.content if draft and item.made else None) or item.content
        state = _state(item, changed.get(key))
        if not _shown(filters.show, item, state, draft):
            continue
        if words:
            texts = [key, *kind.fields(now).values(), *kind.fields(item.content).values()]
            texts += kind.fields(draft.content).values() if draft and draft.content else []
            letters = _letters(" ".join(texts))
            if not all(word in letters for word in words):
                continue
        found.append(Line(item, kind.titles(now), state, draft))
    more = start + PAGE if start + PAGE < len(found) else None
    return Page(found[start : start + PAGE], len(found), start, more)


def _state(item: Item, live: Any) -> str:
    if retired(live):
        return "retired"
    if item.made:
        return "made" if live else "pending"
    return "changed" if live else "shipped"


def _shown(show: str, item: Item, state: str, draft: Any) -> bool:
    shows = {"draft": draft is not None, "made": item.made, "retired": state == "retired"}
    return shows.get(show, show not in SHOWS or state in ("changed", "retired", "made"))


@lru_cache(maxsize=4096)
def _letters(text: str) -> str:
    """Kept by what the text says: folding all of them takes most of a search."""
    return fold(text)
