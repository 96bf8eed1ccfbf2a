"""Answers that officials keep: their own and everyone's, in both languages, with places to fill."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from console.actions import Change
from console.errors import Invalid, Missing
from console.handover import hours
from console.visits import Staff
from troly.clock import now
from troly.settings import Settings
from troly.tables.desk import CannedAnswer
from troly.text import clean, squeeze

TITLE, TEXT, MOST = 80, 2000, 300
PLACES = ("ten_can_bo", "don_vi", "gio_lam_viec")
"""What an answer may leave open: the official's name and unit, the office hours."""

_PLACE = re.compile(r"\{([^{}\n]{0,40})\}")


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as it was entered."""

    title: str
    text_vi: str
    text_en: str
    common: bool

    @classmethod
    def of(cls, form: Any) -> Given:
        """Raises Invalid for what cannot be kept."""
        given = cls(
            squeeze(clean(str(form.get("title", "")))),
            clean(str(form.get("text_vi", ""))).strip(),
            clean(str(form.get("text_en", ""))).strip(),
            form.get("common") == "1",
        )
        if not given.title or not given.text_vi:
            raise Invalid("handover.canned_empty")
        if len(given.title) > TITLE or max(len(given.text_vi), len(given.text_en)) > TEXT:
            raise Invalid("handover.canned_long", title=TITLE, text=TEXT)
        for name in _PLACE.findall(given.text_vi) + _PLACE.findall(given.text_en):
            if name not in PLACES:
                raise Invalid("handover.canned_place", name=name, known=", ".join(PLACES))
        return given


async def of(connection: AsyncConnection, officer: str) -> list[Any]:
    """The official's own and everyone's, by title."""
    rows = await connection.execute(
        select(CannedAnswer.__table__)
        .where(or_(CannedAnswer.owner == "", CannedAnswer.owner == officer))
        .order_by(CannedAnswer.owner != officer, CannedAnswer.title)
    )
    return list(rows)


def filled(row: Any, settings: Settings, staff: Staff, language: str | None) -> str:
    """The answer in the citizen's language, its places filled. Vietnamese where there is no English."""
    spoken = "en" if language == "en" and row.text_en else "vi"
    values = {
        "ten_can_bo": staff.display_name,
        "don_vi": staff.unit,
        "gio_lam_viec": hours.in_words(settings, spoken),
    }
    text: str = row.text_en if spoken == "en" else row.text_vi
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), text)


async def add(connection: AsyncConnection, given: Given, by: str) -> Change:
    """Keep a new one. Raises Invalid when there are too many."""
    count = await connection.scalar(select(func.count()).select_from(CannedAnswer))
    if (count or 0) >= MOST:
        raise Invalid("handover.canned_many", most=MOST)
    identity = await connection.scalar(
        insert(CannedAnswer).values(_row(given, by)).returning(CannedAnswer.id)
    )
    return Change(f"canned:{identity}", None, {"title": given.title, "common": given.common})


async def change(connection: AsyncConnection, identity: int, given: Given, by: str) -> Change:
    """Change one's own or everyone's. Raises Missing."""
    before = await _known(connection, identity, by)
    await connection.execute(update(CannedAnswer).where(CannedAnswer.id == identity).values(_row(given, by)))
    return Change(
        f"canned:{identity}",
        {"title": before.title, "common": not before.owner},
        {"title": given.title, "common": given.common},
    )


async def remove(connection: AsyncConnection, identity: int, by: str) -> Change:
    """Remove one's own or everyone's. Raises Missing."""
    before = await _known(connection, identity, by)
    await connection.execute(delete(CannedAnswer).where(CannedAnswer.id == identity))
    return Change(f"canned:{identity}", {"title": before.title, "common": not before.owner}, None)


async def _known(connection: AsyncConnection, identity: int, by: str) -> Any:
    row = (
        await connection.execute(
            select(CannedAnswer.title, CannedAnswer.owner).where(
                CannedAnswer.id == identity, or_(CannedAnswer.owner == "", CannedAnswer.owner == by)
            )
        )
    ).first()
    if row is None:
        raise Missing
    return row


def _row(given: Given, by: str) -> dict[str, Any]:
    return {
        "owner": "" if given.common else by,
        "title": given.title,
        "text_vi": given.text_vi,
        "text_en": given.text_en,
        "changed_by": by,
        "changed_at": now(),
    }
