"""Catalogue files: the portal's raw records, one a line, also compressed; or the demo portal's own data."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import Any

from troly.errors import UsageError

_UPDATED = re.compile(rb'"updatedAt"\s*:\s*(\d{12,14})\b')
_KINDS = (".jsonl", ".jsonl.gz", ".json")


def records(path: Path) -> Iterator[tuple[str, Any]]:
    """The records, each with its place ("name:line") for messages; a broken one comes as a ValueError object.

    A line holds the bare detail, a whole answer {"code": "OK", "data": …}, or {"id", …, "detail": …}. A
    directory is read as the demo portal's data. Raises UsageError for a file of another kind.
    """
    if path.is_dir():
        # Imported here: only this path needs the demo portal.
        from portal.demo.records import load_procedures

        yield from ((f"{path.name}:{record['code']}", record) for record in load_procedures(path))
        return
    if not path.name.endswith(_KINDS):
        raise UsageError(
            f"{path}: not a catalogue; give a {', '.join(_KINDS)} file or the demo portal's data directory"
        )
    if path.suffix == ".json":
        yield from _whole(path)
        return
    with _open(path) as file:
        try:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield f"{path.name}:{number}", _parse(line)
        except (EOFError, gzip.BadGzipFile, OSError) as error:
            raise UsageError(f"{path}: the file is damaged ({error})") from None


def newest_change(path: Path) -> datetime | None:
    """The newest change in the file: the copy is at least as recent as this; None when it has no dates."""
    if path.is_dir() or not path.name.endswith(_KINDS):
        return None
    newest = 0
    with _open(path) as file:
        try:
            for line in file:
                newest = max([newest, *map(int, _UPDATED.findall(line))])
        except (EOFError, gzip.BadGzipFile, OSError) as error:
            raise UsageError(f"{path}: the file is damaged ({error})") from None
    return datetime.fromtimestamp(newest / 1000, UTC) if newest else None


def _open(path: Path) -> gzip.GzipFile | BufferedReader:
    try:
        return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None


def _parse(line: bytes) -> Any:
    try:
        return unwrap(json.loads(line))
    except (ValueError, RecursionError) as error:
        return ValueError(f"not JSON ({error})")


def unwrap(value: Any) -> Any:
    """The detail record inside whatever wraps it."""
    for key in ("data", "detail"):
        if isinstance(value, dict) and isinstance(value.get(key), dict):
            return value[key]
    return value


def _whole(path: Path) -> Iterator[tuple[str, Any]]:
    with _open(path) as file:
        try:
            value = json.loads(file.read())
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}: not JSON ({error})") from None
    found = value if isinstance(value, list) else [value]
    yield from ((f"{path.name}:{place}", unwrap(item)) for place, item in enumerate(found, start=1))
