"""A table of figures: shown beside its chart, taken out as CSV, printed in the report."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

_FORMULAS = ("=", "+", "-", "@", "|", "%", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Column:
    """What stands in a column."""

    head: str
    kind: str = "number"
    """text, number, share, change, day or month."""
    name: str = ""
    """In files."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of plain values."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    bar: int | None = None
    """The column that is also drawn as bars."""
    note: str = ""
    links: dict[str, str] = field(default_factory=dict)
    """Cells of the first column that lead somewhere: the cell -> a path of the console."""

    @property
    def most(self) -> float:
        """The longest bar."""
        if self.bar is None:
            return 0
        return max((row[self.bar] or 0 for row in self.rows), default=0)


def as_csv(table: Table) -> bytes:
    """UTF-8 with the mark by which spreadsheets know it; days as 2026-11-22, shares as 0.4213."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column.name or column.head for column in table.columns])
    for row in table.rows:
        writer.writerow([plain(value) for value in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def plain(value: Any) -> Any:
    """A value in a file; no text is taken for a formula."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, str) and value.lstrip(" \u00a0").startswith(_FORMULAS):
        return f"'{value}"
    return "" if value is None else value
