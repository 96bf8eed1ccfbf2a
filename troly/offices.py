"""Offices that receive applications: the province's own list, imported from a CSV that an official edits.

Where nothing was imported, a sample list serves the demo; answers then say that it is a sample. What staff
changed in the console stands in place of what the list says, until a new list is imported.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from troly.answers.live import OFFICE, live
from troly.errors import SettingError, UsageError
from troly.hours import OfficeHours
from troly.settings import ROOT
from troly.tables.answers import AnswerRelease
from troly.tables.offices import Office as OfficeRow
from troly.text import fold
from troly.units.directory import directory

_SAMPLES = ROOT / "portal" / "data"
COLUMNS = (
    "id", "level", "commune_code", "commune", "name", "address", "phone", "hours", "map_url",
    "appointment_url", "latitude", "longitude", "source", "as_of",
)  # fmt: skip
_NEEDED = ("id", "level", "commune_code", "name")
EDITED = ("name", "address", "phone", "hours", "map_url", "appointment_url", "source", "as_of")
"""What staff may change in the console."""


@dataclass(frozen=True, slots=True)
class Office:
    """One office; an empty text means that the list does not say."""

    id: str
    level: str
    commune_code: str
    name: str
    address: str
    phone: str
    hours: str
    map_url: str
    appointment_url: str
    latitude: float | None
    longitude: float | None
    source: str
    as_of: str
    sample: bool = False
    """From the demo's list, not from the province."""


class Offices:
    """The offices of one province."""

    def __init__(self, engine: AsyncEngine, province: str) -> None:
        """The caller disposes of the engine."""
        self._engine = engine
        self._province = province

    async def all(self) -> list[Office]:
        """Every office with what staff changed, the province's first."""
        async with self._engine.connect() as connection:
            found = await listed(connection, self._province)
            changed = await live(connection, OFFICE)
        return _sorted(with_change(office, changed.get(office.id)) for office in found)

    async def replace(self, offices: list[Office]) -> None:
        """Put this list in the place of the province's former one and of what staff changed in it."""
        rows = [asdict(office) | {"province": self._province} for office in offices]
        for row in rows:
            del row["sample"]
        async with self._engine.begin() as connection:
            await connection.execute(delete(OfficeRow).where(OfficeRow.province == self._province))
            if rows:
                await connection.execute(insert(OfficeRow), rows)
            if ended := await live(connection, OFFICE):
                entries = [{"kind": OFFICE, "key": key, "version": None, "by": "import"} for key in ended]
                await connection.execute(insert(AnswerRelease), entries)


async def listed(connection: AsyncConnection, province: str) -> list[Office]:
    """The list as imported, the province's offices first; the sample list where none was imported."""
    columns = [getattr(OfficeRow, name) for name in Office.__dataclass_fields__ if name != "sample"]
    query = select(*columns).where(OfficeRow.province == province)
    rows = [Office(**row) for row in (await connection.execute(query)).mappings()]
    return _sorted(rows or _sample(province))


def with_change(office: Office, change: dict[str, str] | None) -> Office:
    """The office with what staff wrote in place of what the list says (EDITED)."""
    if not change:
        return office
    given: dict[str, Any] = {name: str(change.get(name, "")) for name in EDITED}
    return replace(office, sample=False, **given)


def _sorted(offices: Iterable[Office]) -> list[Office]:
    return sorted(offices, key=lambda office: (office.level != "province", fold(office.name)))


def _sample(province: str) -> list[Office]:
    path = _SAMPLES / f"offices_{fold(province).replace(' ', '_')}.csv"
    return read(path.read_text(encoding="utf-8"), province, sample=True) if path.is_file() else []


def read(text: str, province: str, *, sample: bool = False) -> list[Office]:
    """Offices from a CSV (COLUMNS; UTF-8, comma or semicolon).

    Raises UsageError that lists every mistake with its line.
    """
    text = text.removeprefix("\ufeff")
    # Spreadsheets set to Vietnamese write semicolons.
    head = text.split("\n", 1)[0]
    rows = csv.DictReader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    if missing := [name for name in _NEEDED if name not in (rows.fieldnames or ())]:
        raise UsageError(f"offices: the first line lacks {', '.join(missing)}; see troly offices template")
    offices: list[Office] = []
    faults: list[str] = []
    seen: set[str] = set()
    for row in rows:
        values = {name: (row.get(name) or "").strip() for name in COLUMNS}
        found = [*_faults(values, province), *(["id is used twice"] if values["id"] in seen else [])]
        faults += [f"line {rows.line_num}: {fault}" for fault in found]
        seen.add(values["id"])
        if not found:
            offices.append(_office(values, sample))
    if faults:
        raise UsageError("offices: " + "; ".join(faults))
    return offices


def _faults(values: dict[str, str], province: str) -> Iterator[str]:
    for name in _NEEDED:
        if not values[name]:
            yield f"{name} is empty"
    if values["level"] and values["level"] not in ("commune", "province"):
        yield f"level is {values['level']!r}; write commune or province"
    commune = directory().communes.get(values["commune_code"])
    if values["commune_code"] and (commune is None or commune.province != province):
        yield f"commune_code {values['commune_code']} is no commune of {province}; see troly offices template"
    elif commune and values["commune"] and fold(values["commune"]) != fold(commune.name):
        yield f"commune_code {values['commune_code']} is {commune.name}, not {values['commune']}"
    for name, most in (("latitude", 90), ("longitude", 180)):
        try:
            if values[name] and not -most <= float(values[name]) <= most:
                yield f"{name} {values[name]} is not between -{most} and {most}"
        except ValueError:
            yield f"{name} {values[name]!r} is no number (20.9517)"
    for name in ("map_url", "appointment_url"):
        if not _is_web(values[name]):
            yield f"{name} must begin with https://"
    if not _is_day(values["as_of"]):
        yield f"as_of {values['as_of']!r} is no day (2026-11-22)"
    if fault := _hours_fault(values["hours"]):
        yield fault


def wrong_fields(values: dict[str, str]) -> list[str]:
    """Which of the EDITED fields cannot be used as they are; "" is fine for all but the name."""
    wrong = ["name"] if not values.get("name") else []
    wrong += [name for name in ("map_url", "appointment_url") if not _is_web(values.get(name, ""))]
    wrong += ["as_of"] if not _is_day(values.get("as_of", "")) else []
    return wrong + (["hours"] if _hours_fault(values.get("hours", "")) else [])


def _is_web(address: str) -> bool:
    return not address or address.startswith("https://")


def _is_day(text: str) -> bool:
    try:
        return not text or bool(date.fromisoformat(text))
    except ValueError:
        return False


def _hours_fault(written: str) -> str:
    try:
        if written:
            OfficeHours.parse(written, {})
    except SettingError as error:
        return str(error)
    return ""


def _office(values: dict[str, str], sample: bool) -> Office:
    def number(name: str) -> float | None:
        return float(values[name]) if values[name] else None

    texts = {name: values[name] for name in COLUMNS if name not in ("commune", "latitude", "longitude")}
    return Office(**texts, latitude=number("latitude"), longitude=number("longitude"), sample=sample)


def template(province: str) -> str:
    """A CSV to fill in: a line for the province's centre and one for each of its communes."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n", restval="")
    writer.writeheader()
    for commune in directory().in_province(province):
        writer.writerow(
            {
                "id": f"commune-{commune.code}",
                "level": "commune",
                "commune_code": commune.code,
                "commune": commune.name,
                "name": f"Trung tâm Phục vụ hành chính công {commune.name}",
                "latitude": commune.latitude,
                "longitude": commune.longitude,
            }
        )
    return out.getvalue()
