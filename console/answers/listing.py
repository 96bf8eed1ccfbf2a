"""The lists: things found by words, by name, by area, and by what has become of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from console.answers import versions
from console.answers.kinds import Item, Kind
from troly.answers.live import live
from troly.text import fold

PAGE = 50
SHOWS = ("changed", "draft")


@dataclass(frozen=True, slots=True)
class Filters:
    """What is looked for."""

    text: str = ""
    area: str = ""
    show: str = ""
    """changed, draft, or all."""

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
    changed: bool
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
    drafts = {row.key: row for row in await versions.drafts(connection, kind.name)}
    words = fold(filters.text).split()
    found = []
    for key, item in items.items():
        draft = drafts.get(key)
        if filters.area and item.area != filters.area:
            continue
        if (filters.show == "changed" and key not in changed) or (filters.show == "draft" and not draft):
            continue
        now = changed.get(key) or item.content
        if words:
            texts = [key, *kind.fields(now).values(), *kind.fields(item.content).values()]
            texts += kind.fields(draft.content).values() if draft and draft.content else []
            letters = fold(" ".join(texts))
            if not all(word in letters for word in words):
                continue
        found.append(Line(item, kind.titles(now), key in changed, draft))
    more = start + PAGE if start + PAGE < len(found) else None
    return Page(found[start : start + PAGE], len(found), start, more)
