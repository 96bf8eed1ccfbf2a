"""Open data: a finished month's figures without personal data, small numbers left out.

Files are of whole months and never filtered: two files that overlap, or that cut the same numbers in two
ways, could be subtracted from each other. Within a list that has a total, what is left out can not be
worked out either: the numbers that are missing add up to FEWEST or more, and are at least two.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from channels.store import Store
from console.figures import overview, topics
from console.figures.period import Choice
from console.figures.rolling import next_month
from console.figures.tables import plain
from console.figures.wording import Wording
from console.texts import say
from troly.clock import today
from troly.tables.figures import FigureSpan

FEWEST = 5
"""Smaller numbers are not published."""
LISTS = (
    "days",
    "channels",
    "languages",
    "outcomes",
    "procedures",
    "aspects",
    "fields",
    "communes",
    "ratings",
    "handovers",
)
"""In the order of the file."""
COLUMNS = ("month", "list", "key", "label", "number", "left_out")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of open data."""

    list: str
    key: str
    label: str
    number: int | None
    """None: left out."""


async def months(store: Store) -> list[date]:
    """Finished months of which there are figures, newest first."""
    async with store.read() as connection:
        rows = await connection.scalars(
            select(FigureSpan.day).where(FigureSpan.span == "month").order_by(FigureSpan.day.desc())
        )
        return [month for month in rows if next_month(month) <= today().date()]


async def rows(store: Store, month: date, words: Wording) -> list[Row]:
    """A month's open data."""
    choice = Choice("month", month, next_month(month) - timedelta(days=1))
    facts, asked = await overview.read(store, choice), await topics.read(store, choice)
    status = dict(zip(facts.course.columns, facts.course.of("status"), strict=True))
    counted: dict[str, tuple[Mapping[str, int], dict[str, str]]] = {
        "days": ({day.isoformat(): number for day, number in status.items()}, {}),
        "channels": _labelled(facts.now["channel"], words, "channel"),
        "languages": _labelled(facts.now["language"], words, "language"),
        "outcomes": _labelled(overview.outcomes(facts.now["status"]), words, "status"),
        "procedures": (
            asked.now["procedure"],
            {code: named.title(words.language) for code, named in asked.known.items()},
        ),
        "aspects": _labelled(asked.now["aspect"], words, "aspect"),
        # Of what is published only: a field's total would tell which of its procedures was left out.
        "fields": (topics.fields(_published(asked.now["procedure"]), asked.known, words), {}),
        "communes": (asked.now["commune"], {}),
        "ratings": _labelled(facts.now["rating"], words, "rating"),
        "handovers": _labelled(facts.now["handover"], words, "handover"),
    }
    made = [
        Row("totals", name, words.say(name), number if number >= FEWEST or not number else None)
        for name, number in (
            ("messages", sum(facts.now["status"].values())),
            ("conversations", sum(facts.now["conversation"].values())),
            ("people", facts.people[0]),
        )
    ]
    for name in LISTS:
        numbers, labels = counted[name]
        shown = suppressed(numbers)
        keys = sorted(numbers) if name == "days" else [key for key, _ in topics.ordered(Counter(numbers))]
        # In the order of their numbers, what is left out would tell which is more: by name instead.
        open_ones = [key for key in keys if shown[key] is not None]
        closed = sorted(key for key in keys if shown[key] is None)
        for key in keys if name == "days" else [*open_ones, *closed]:
            made.append(Row(name, key, labels.get(key, key), shown[key]))
    return made


def suppressed(numbers: Mapping[str, int], fewest: int = FEWEST) -> dict[str, int | None]:
    """The numbers without small ones, and without so many more that the small ones could be worked out."""
    hidden = {key for key, number in numbers.items() if 0 < number < fewest}
    if hidden:
        left = sorted(
            (number, key) for key, number in numbers.items() if key not in hidden and number >= fewest
        )
        # One alone is the total less the others; several are told by a sum that only one mix of small
        # numbers makes.
        while left and (len(hidden) < 2 or _told(sum(numbers[key] for key in hidden), len(hidden), fewest)):
            hidden.add(left.pop(0)[1])
    return {key: None if key in hidden else number for key, number in numbers.items()}


def _told(together: int, many: int, fewest: int) -> bool:
    return together < fewest or together == many or together == many * (fewest - 1)


def _published(numbers: Mapping[str, int]) -> Counter[str]:
    return Counter({key: number for key, number in suppressed(numbers).items() if number})


def as_csv(month: date, found: list[Row]) -> bytes:
    """One line a number."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in found:
        values = (f"{month:%Y-%m}", row.list, row.key, row.label, row.number, row.number is None)
        writer.writerow([plain(str(value).lower() if isinstance(value, bool) else value) for value in values])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def as_json(month: date, found: list[Row], province: str) -> bytes:
    """The numbers with what they mean."""
    lists: dict[str, list[dict[str, Any]]] = {}
    for row in found:
        lists.setdefault(row.list, []).append(
            {"key": row.key, "label": row.label, "number": row.number, "left_out": row.number is None}
        )
    content = {
        "month": f"{month:%Y-%m}",
        "province": province,
        "time_zone": "Asia/Ho_Chi_Minh",
        "fewest": FEWEST,
        "dictionary": dictionary(),
        "lists": lists,
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def dictionary() -> list[dict[str, str]]:
    """What each column and each list holds, in both languages."""
    entries = [("column", name) for name in COLUMNS] + [("list", name) for name in ("totals", *LISTS)]
    return [
        {"kind": kind, "name": name}
        | {language: say(language, f"figures.open_{kind}_{name}") for language in ("vi", "en")}
        for kind, name in entries
    ]


def dictionary_csv() -> bytes:
    """The same as a file."""
    out = io.StringIO()
    writer = csv.DictWriter(out, ("kind", "name", "vi", "en"), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(dictionary())
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _labelled(
    counted: Mapping[str, int], words: Wording, kind: str
) -> tuple[Mapping[str, int], dict[str, str]]:
    labels = {name: overview.name_of(words, kind, name) or name for name in counted}
    return {name: number for name, number in counted.items() if number}, labels
