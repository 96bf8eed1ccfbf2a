"""Offices that receive applications: the province's own list, imported from a CSV that an official edits.

Where nothing was imported, a sample list serves the demo; answers then say that it is a sample.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from troly.errors import SettingError, UsageError
from troly.hours import OfficeHours
from troly.tables.offices import Office as OfficeRow
from troly.text import fold
from troly.units.directory import directory

_SAMPLES = Path(__file__).parent / "data"
COLUMNS = (
    "id", "level", "commune_code", "commune", "name", "address", "phone", "hours", "map_url",
    "appointment_url", "latitude", "longitude", "source", "as_of",
)  # fmt: skip
_NEEDED = ("id", "level", "commune_code", "name")


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
        """Every office, the province's first; the sample list where none was imported."""
        columns = [getattr(OfficeRow, name) for name in Office.__dataclass_fields__ if name != "sample"]
        query = select(*columns).where(OfficeRow.province == self._province)
        async with self._engine.connect() as connection:
            rows = [Office(**row) for row in (await connection.execute(query)).mappings()]
        return sorted(
            rows or self._sample(), key=lambda office: (office.level != "province", fold(office.name))
        )

    async def replace(self, offices: list[Office]) -> None:
        """Put this list in the place of the province's former one."""
        rows = [asdict(office) | {"province": self._province} for office in offices]
        for row in rows:
            del row["sample"]
        async with self._engine.begin() as connection:
            await connection.execute(delete(OfficeRow).where(OfficeRow.province == self._province))
            if rows:
                await connection.execute(insert(OfficeRow), rows)

    def _sample(self) -> list[Office]:
        path = _SAMPLES / f"offices_{fold(self._province).replace(' ', '_')}.csv"
        if not path.is_file():
            return []
        return read(path.read_text(encoding="utf-8"), self._province, sample=True)


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
        if values[name] and not values[name].startswith("https://"):
            yield f"{name} must begin with https://"
    try:
        if values["as_of"]:
            date.fromisoformat(values["as_of"])
    except ValueError:
        yield f"as_of {values['as_of']!r} is no day (2026-11-22)"
    try:
        if values["hours"]:
            OfficeHours.parse(values["hours"], {})
    except SettingError as error:
        yield str(error)


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
