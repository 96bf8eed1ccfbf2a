"""Offices that receive applications: the province's own list, and what staff made of it in the console.

Where nothing was imported, a sample list serves the demo; answers then say that it is a sample. What staff
changed stands in place of what the list says, until a new list is imported. What they made themselves, and
what they took off, stays through an import.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from troly.answers.live import MADE, OFFICE, Contents, live, retired
from troly.errors import UsageError
from troly.office_list import EDITED, Office, read
from troly.settings import ROOT
from troly.tables.answers import AnswerRelease
from troly.tables.offices import Office as OfficeRow
from troly.text import fold
from troly.units.directory import directory

_SAMPLES = ROOT / "portal" / "data"


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import met in the console; ids."""

    replaced: tuple[str, ...]
    """Were changed there, or made there and given up; the list's words count now."""
    retired: tuple[str, ...]
    """Are in the list, but staff took them off: they stay off."""
    made: tuple[str, ...]
    """Were made there and stay beside the list."""


class Offices:
    """The offices of one province."""

    def __init__(self, engine: AsyncEngine, province: str) -> None:
        """The caller disposes of the engine."""
        self._engine = engine
        self._province = province

    async def all(self) -> list[Office]:
        """Every office with what staff changed, made and took off, the province's first."""
        async with self._engine.connect() as connection:
            found = await listed(connection, self._province)
            changes = await live(connection, OFFICE)
        return in_use(found, changes, self._province)

    async def replace(self, offices: list[Office], *, take_over: bool = False) -> Imported:
        """Put this list in the place of the province's former one and of what staff changed in it.

        What staff made themselves stays. Raises UsageError when the list uses the id of such an office,
        unless `take_over`: then the list's stands in its place.
        """
        rows = [asdict(office) | {"province": self._province} for office in offices]
        for row in rows:
            del row["sample"]
        ids = {office.id for office in offices}
        async with self._engine.begin() as connection:
            changes = await live(connection, OFFICE)
            made = {key for key, change in changes.items() if change.get(MADE)}
            if (both := sorted(made & ids)) and not take_over:
                raise UsageError(
                    f"offices: {', '.join(both)}: made in the console; give the list's another id, or repeat "
                    "with --take-over to have the list's in its place"
                )
            off = {key for key, change in changes.items() if retired(change)} - made
            ended = sorted(changes.keys() - off - (made - ids))
            await connection.execute(delete(OfficeRow).where(OfficeRow.province == self._province))
            if rows:
                await connection.execute(insert(OfficeRow), rows)
            if ended:
                entries = [{"kind": OFFICE, "key": key, "version": None, "by": "import"} for key in ended]
                await connection.execute(insert(AnswerRelease), entries)
        return Imported(tuple(ended), tuple(sorted(off & ids)), tuple(sorted(made - ids)))


async def listed(connection: AsyncConnection, province: str) -> list[Office]:
    """The list as imported, the province's offices first; the sample list where none was imported."""
    columns = [getattr(OfficeRow, name) for name in Office.__dataclass_fields__ if name != "sample"]
    query = select(*columns).where(OfficeRow.province == province)
    rows = [Office(**row) for row in (await connection.execute(query)).mappings()]
    return _sorted(rows or await asyncio.to_thread(sample, province))


def in_use(found: Iterable[Office], changes: Contents, province: str) -> list[Office]:
    """The list with what staff changed in it, without what they took off, with what they made."""
    known = {office.id: office for office in found}
    chosen = [with_change(office, changes.get(key)) for key, office in known.items()]
    chosen += [
        office
        for key, change in changes.items()
        if key not in known and change.get(MADE) and (office := made_of(key, change, province))
    ]
    return _sorted(office for office in chosen if not retired(changes.get(office.id)))


def with_change(office: Office, change: Mapping[str, Any] | None) -> Office:
    """The office with what staff wrote in place of what the list says (EDITED)."""
    if not change:
        return office
    given: dict[str, Any] = {name: str(change.get(name, "")) for name in EDITED}
    return replace(office, sample=False, **given)


def made_of(key: str, content: Mapping[str, Any], province: str) -> Office | None:
    """The office that staff made; None where its commune is no longer one of the province."""
    code = str(content.get("commune_code", ""))
    commune = directory().communes.get(code)
    if commune is None or commune.province != province:
        return None

    given: dict[str, Any] = {name: str(content.get(name, "")) for name in EDITED}

    def number(name: str) -> float | None:
        return float(content[name]) if content.get(name) else None

    return Office(
        id=key,
        level=str(content.get("level", "")),
        commune_code=code,
        latitude=number("latitude"),
        longitude=number("longitude"),
        **given,
    )


def _sorted(offices: Iterable[Office]) -> list[Office]:
    return sorted(offices, key=lambda office: (office.level != "province", fold(office.name)))


def sample(province: str) -> list[Office]:
    """The demo's list, for provinces that have one."""
    path = _SAMPLES / f"offices_{fold(province).replace(' ', '_')}.csv"
    return list(_read_sample(province, path.read_text(encoding="utf-8"))) if path.is_file() else []


@lru_cache(maxsize=2)
def _read_sample(province: str, text: str) -> tuple[Office, ...]:
    """Kept by what the file says: to check its lines takes longer than to answer."""
    return tuple(read(text, province, sample=True))
