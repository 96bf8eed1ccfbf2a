"""Fields that a record must have, and of which kind: what the adapters would silently leave out is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.adapters.values import compact, iso, millis, number

_SHOWN = 40
_YEARS = range(1990, 2100)
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value may be, and how that is said."""

    fits: Callable[[Any], bool]
    wants: str


def _sensible(moment: datetime | None) -> bool:
    return moment is not None and moment.year in _YEARS


TEXT = Kind(lambda value: isinstance(value, str), "text")
NUMBER = Kind(lambda value: number(value) is not None, "a number")
FLAG = Kind(lambda value: isinstance(value, bool), "true or false")
LIST = Kind(lambda value: isinstance(value, list), "a list")
OBJECT = Kind(lambda value: isinstance(value, dict), "an object")
TEXT_OR_NUMBER = Kind(
    lambda value: isinstance(value, (str, int, float)) and not isinstance(value, bool), "text or a number"
)
MILLIS = Kind(lambda value: _sensible(millis(value)), "milliseconds since 1970, as 1770000000000")
ISO = Kind(lambda value: _sensible(iso(value)), "a time as 2026-01-05T17:00:00.000+0700")
COMPACT = Kind(lambda value: _sensible(compact(value)), "a time as 20260105170000")


@dataclass(frozen=True, slots=True)
class Field:
    """A field by its path: "a.b" in an object, "a[].b" in each of a list."""

    path: str
    kind: Kind
    required: bool = False


def faults(record: Any, fields: Sequence[Field]) -> list[str]:
    """What is wrong, each as `path is …`. Null and "" count as absent."""
    found: list[str] = []
    if not isinstance(record, dict):
        return [f"the record is {_shown(record)}, not an object"]
    for field in fields:
        for where, value in _values(record, field.path.split("."), ""):
            if value is _ABSENT or value is None or value == "":
                if field.required:
                    found.append(f"{where} is missing")
            elif not field.kind.fits(value):
                found.append(f"{where} is {_shown(value)}, not {field.kind.wants}")
    return list(dict.fromkeys(found))


def _values(record: dict[str, Any], path: list[str], before: str) -> Iterator[tuple[str, Any]]:
    name, *rest = path
    many = name.endswith("[]")
    where = before + name
    value = record.get(name.removesuffix("[]"), _ABSENT)
    if not rest and not many:
        yield where, value
        return
    # What holds the field is judged by a Field of its own.
    inside = value if many and isinstance(value, list) else [] if many else [value]
    for item in inside:
        if not rest:
            yield where, item
        elif isinstance(item, dict):
            yield from _values(item, rest, f"{where}.")
        elif not many:
            yield f"{where}.{'.'.join(rest)}", _ABSENT


def _shown(value: Any) -> str:
    written = repr(value)
    return written if len(written) <= _SHOWN else written[: _SHOWN - 1] + "…"
