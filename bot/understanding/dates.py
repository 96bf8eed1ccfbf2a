"""A day that a message names: "22/11/2026", "thứ hai tuần sau", "mai", "5 November"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from troly.text import strip_accents


@dataclass(frozen=True, slots=True)
class Day:
    """A day and where it stands in the text."""

    value: date
    start: int
    end: int


_NUMERIC = re.compile(
    r"(?<![\w./-])(?:ngay |mung )?(\d{1,2})(?:[/.-]| thang )(\d{1,2})"
    r"(?:(?:[/.-]| nam )(\d{4}|\d{2}))?(?![\w/-]|\.\d)"
)
_WEEKDAYS = {
    "thu hai": 0, "thu 2": 0, "t2": 0, "thu ba": 1, "thu 3": 1, "t3": 1, "thu tu": 2, "thu 4": 2, "t4": 2,
    "thu nam": 3, "thu 5": 3, "t5": 3, "thu sau": 4, "thu 6": 4, "t6": 4, "thu bay": 5, "thu 7": 5, "t7": 5,
    "chu nhat": 6, "cn": 6,
}  # fmt: skip
_ENGLISH_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY = re.compile(
    rf"\b({'|'.join(sorted(_WEEKDAYS, key=len, reverse=True))}) (tuan (?:nay|sau|toi|truoc)|nay|toi|sau)\b"
)
_ENGLISH_DAY = re.compile(rf"\b(next|this|last|on) ({'|'.join(_ENGLISH_DAYS)})\b")
_RELATIVE = {
    "hom nay": 0, "sang nay": 0, "chieu nay": 0, "toi nay": 0, "ngay mai": 1, "sang mai": 1, "chieu mai": 1,
    "ngay kia": 2, "ngay mot": 2, "hom qua": -1, "hom kia": -2, "today": 0, "day after tomorrow": 2,
    "tomorrow": 1, "yesterday": -1,
}  # fmt: skip
_NEAR = re.compile(rf"\b({'|'.join(sorted(_RELATIVE, key=len, reverse=True))})\b")
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_NAMED_MONTH = re.compile(
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)? (?:of )?(?:{_MONTHS})[a-z]*"
    rf"|(?:{_MONTHS})[a-z]* \d{{1,2}}(?:st|nd|rd|th)?)(?:,? \d{{4}})?\b"
)


def find_day(text: str, today: date) -> Day | None:
    """The first day that the text names, seen from `today`; None where it names none or an impossible one.

    A day without a year is the next one of that name that is less than half a year past.
    """
    folded = strip_accents(text).lower()
    if len(folded) != len(text):
        return None
    for pattern, read in (
        (_NUMERIC, _numeric), (_WEEKDAY, _weekday), (_ENGLISH_DAY, _english_day), (_NEAR, _near),
        (_NAMED_MONTH, _named_month),
    ):  # fmt: skip
        for match in pattern.finditer(folded):
            if (value := read(match, today)) is not None:
                return Day(value, *match.span())
    return None


def _numeric(match: re.Match[str], today: date) -> date | None:
    day, month, year = match.groups()
    # "1/2" alone is as often a half; "3.5" is a number.
    if year is None and "ngay" not in match[0] and ("/" not in match[0] or int(day) * int(month) < 3):
        return None
    return _made(int(day), int(month), int(year) if year else None, today)


def _made(day: int, month: int, year: int | None, today: date) -> date | None:
    try:
        if year is not None:
            return date(year + (2000 if year < 100 else 0), month, day)
        near = date(today.year, month, day)
        return near if today - near < timedelta(days=182) else date(today.year + 1, month, day)
    except ValueError:
        return None


def _weekday(match: re.Match[str], today: date) -> date:
    wanted, when = _WEEKDAYS[match[1]], match[2]
    monday = today - timedelta(days=today.weekday())
    if when == "tuan truoc":
        return monday + timedelta(days=wanted - 7)
    if when in {"nay", "tuan nay"}:
        return monday + timedelta(days=wanted)
    if when == "toi":
        return today + timedelta(days=(wanted - today.weekday() - 1) % 7 + 1)
    return monday + timedelta(days=wanted + 7)


def _english_day(match: re.Match[str], today: date) -> date:
    wanted = _ENGLISH_DAYS.index(match[2])
    monday = today - timedelta(days=today.weekday())
    if match[1] == "on":
        return today + timedelta(days=(wanted - today.weekday() - 1) % 7 + 1)
    return monday + timedelta(days=wanted + {"next": 7, "this": 0, "last": -7}[match[1]])


def _near(match: re.Match[str], today: date) -> date:
    return today + timedelta(days=_RELATIVE[match[1]])


def _named_month(match: re.Match[str], today: date) -> date | None:
    import dateparser

    read = dateparser.parse(match[0], languages=["en"], settings={"REQUIRE_PARTS": ["day", "month"]})
    if read is None:
        return None
    year = read.year if re.search(r"\d{4}$", match[0]) else None
    return _made(read.day, read.month, year, today)
