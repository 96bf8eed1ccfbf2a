"""The province's list of offices as a CSV that an official edits: every mistake in it is named."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from troly.errors import SettingError, UsageError
from troly.holidays import Calendar
from troly.hours import OfficeHours
from troly.text import fold
from troly.units.directory import directory

COLUMNS = (
    "id", "level", "commune_code", "commune", "name", "address", "phone", "hours", "map_url",
    "appointment_url", "latitude", "longitude", "source", "as_of",
)  # fmt: skip
_NEEDED = ("id", "level", "commune_code", "name")
EDITED = ("name", "address", "phone", "hours", "map_url", "appointment_url", "source", "as_of")
"""What staff may change of an office in the list."""
PLACED = ("level", "commune_code", "latitude", "longitude")
"""What they write besides of one that they made themselves."""
LEVELS = ("commune", "province")
_BOUNDS = {"latitude": 90, "longitude": 180}


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
    if values["level"] and values["level"] not in LEVELS:
        yield f"level is {values['level']!r}; write commune or province"
    commune = directory().communes.get(values["commune_code"])
    if values["commune_code"] and (commune is None or commune.province != province):
        yield f"commune_code {values['commune_code']} is no commune of {province}; see troly offices template"
    elif commune and values["commune"] and fold(values["commune"]) != fold(commune.name):
        yield f"commune_code {values['commune_code']} is {commune.name}, not {values['commune']}"
    for name, most in _BOUNDS.items():
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


def wrong_place(values: Mapping[str, Any], province: str) -> list[str]:
    """Which of the PLACED fields of a new office cannot be used; both numbers may be empty together."""
    wrong = [] if values.get("level") in LEVELS else ["level"]
    commune = directory().communes.get(str(values.get("commune_code")))
    wrong += [] if commune and commune.province == province else ["commune_code"]
    given = {name: str(values.get(name) or "") for name in _BOUNDS}
    for name, most in _BOUNDS.items():
        try:
            usable = not given[name] or -most <= float(given[name]) <= most
        except ValueError:
            usable = False
        wrong += [] if usable and bool(given[name]) == any(given.values()) else [name]
    return wrong


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
            OfficeHours.parse(written, Calendar())
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
