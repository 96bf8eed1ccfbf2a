"""The procedures that the demo portal serves: our own records, or a file of the real portal's."""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
from pathlib import Path
from typing import IO, Any

from portal.adapters.national_record import list_item_of_detail
from portal.adapters.values import text
from portal.catalogue_file import unwrap
from portal.errors import DataErrors
from troly.text import fold

_LEVELS = {"COMMUNE": "isWard", "PROVINCE": "isProvince", "MINISTRY": "isMinistry"}


class DemoCatalogue:
    """Records in the wire format. Details that lie in a file are read when they are asked for."""

    def __init__(self, records: list[dict[str, Any]]) -> None:
        self._items: list[dict[str, Any]] = []
        self._levels: dict[str, set[str]] = {}
        self._details: dict[str, dict[str, Any]] = {}
        self._places: dict[str, int] = {}
        self._wrapped: set[str] = set()
        """Those whose line in the file holds more than the record."""
        self._file: IO[bytes] | None = None
        for record in records:
            self._add(record)
            self._details[record["id"]] = record
        self._sort()

    @classmethod
    def from_file(cls, path: Path) -> DemoCatalogue:
        """Index a .jsonl or .jsonl.gz file of raw details. Raises DataErrors for lines that are none."""
        made = cls([])
        # Unpacked into a file that has no name: seeking in a compressed one would unpack it every time.
        made._file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the portal
        errors: list[str] = []
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as packed:
            shutil.copyfileobj(packed, made._file, 1 << 20)
        made._file.seek(0)
        place = 0
        for number, line in enumerate(made._file, start=1):
            if line.strip():
                try:
                    value = json.loads(line)
                    record = unwrap(value)
                    made._add(record)
                    made._places[record["id"]] = place
                    if record is not value:
                        made._wrapped.add(record["id"])
                except (ValueError, KeyError, TypeError) as error:
                    errors.append(f"{path.name}:{number}: {error!r}")
            place += len(line)
        if errors:
            raise DataErrors(errors)
        made._sort()
        return made

    def close(self) -> None:
        """Let the unpacked file go."""
        if self._file is not None:
            self._file.close()

    def __len__(self) -> int:
        return len(self._items)

    def names(self) -> dict[str, str]:
        """Codes with the procedures' names."""
        return {text(item["code"]): text(item["name"]) for item in self._items}

    def page(
        self, last_id: str | None, limit: int, query: str, level: str, kind: str
    ) -> list[dict[str, Any]]:
        """The rows after last_id; ids go down, as on the real portal."""
        wanted = fold(query)
        found = []
        for item in self._items:
            if last_id and item["id"] >= last_id:
                continue
            if level and _LEVELS.get(level) not in self._levels[item["id"]]:
                continue
            if kind and item.get("type") != kind:
                continue
            if wanted and wanted not in fold(item["name"]) and wanted not in fold(item["code"]):
                continue
            found.append(item)
            if len(found) == limit:
                break
        return found

    def detail(self, identity: str) -> dict[str, Any] | None:
        """The whole record, or None."""
        if identity in self._details:
            return self._details[identity]
        line = self._line(identity)
        record: dict[str, Any] | None = unwrap(json.loads(line)) if line else None
        return record

    def written(self, identity: str) -> bytes | None:
        """The same as JSON: as it lies in the file, where it lies there."""
        if identity not in self._details and identity not in self._wrapped:
            return self._line(identity)
        record = self.detail(identity)
        if record is None:
            return None
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()

    def _line(self, identity: str) -> bytes | None:
        if self._file is None or identity not in self._places:
            return None
        self._file.seek(self._places[identity])
        return self._file.readline()

    def put(self, record: dict[str, Any]) -> None:
        """Add or replace a record."""
        self.remove(record["id"])
        self._add(record)
        self._details[record["id"]] = record
        self._sort()

    def remove(self, identity: str) -> None:
        """Take a record off the portal."""
        self._items = [item for item in self._items if item["id"] != identity]
        self._details.pop(identity, None)
        self._places.pop(identity, None)

    def _add(self, record: dict[str, Any]) -> None:
        self._items.append(list_item_of_detail(record))
        self._levels[record["id"]] = {key for key in _LEVELS.values() if record.get(key) is True}

    def _sort(self) -> None:
        self._items.sort(key=lambda item: str(item["id"]), reverse=True)
