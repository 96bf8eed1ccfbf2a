"""What a message names: codes, phone numbers, a position in a list, a day, a commune, a language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from bot.understanding.dates import find_day
from bot.understanding.places import PlaceFinder
from bot.understanding.tokens import APPLICATION_LIKE, PHONE, PROCEDURE_CODE, WORD
from troly.text import fold


@dataclass(frozen=True, slots=True)
class Entity:
    """A named thing: its kind, its value, and where it stands in the text (0..len where unknown)."""

    name: str
    value: str | int
    start: int
    end: int


_NUMBERS = {
    "mot": 1, "nhat": 1, "dau": 1, "dau tien": 1, "hai": 2, "nhi": 2, "ba": 3, "bon": 4, "tu": 4, "nam": 5,
    "sau": 6, "bay": 7, "tam": 8, "chin": 9, "cuoi": -1, "cuoi cung": -1, "chot": -1,
    "one": 1, "first": 1, "1st": 1, "two": 2, "second": 2, "2nd": 2, "three": 3, "third": 3, "3rd": 3,
    "four": 4, "fourth": 4, "4th": 4, "five": 5, "fifth": 5, "5th": 5, "six": 6, "sixth": 6, "seven": 7,
    "seventh": 7, "eight": 8, "eighth": 8, "nine": 9, "ninth": 9, "last": -1,
}  # fmt: skip
_SIGNS = {
    "一": 1,
    "二": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "하나": 1,
    "첫": 1,
    "두": 2,
    "둘": 2,
    "세": 3,
    "셋": 3,
    "네": 4,
}
# "hai" or "ba" alone may be a number of anything: a position needs a word such as "cái thứ", "số", "option".
_ALONE = {"dau", "dau tien", "cuoi", "cuoi cung", "first", "second", "third", "last", "chot"}
_VALUE = r"(?P<n>[1-9]|" + "|".join(sorted((re.escape(k) for k in _NUMBERS), key=len, reverse=True)) + ")"
_CUE = (
    r"(?:(?:cai|muc|so|cau|phuong an|lua chon|thu tuc|truong hop|loai|o|dong|y|thu|"
    r"option|number|no|nr|choice|item|case|"
    r"the|lay|chon|pick|choose|select|take|cho toi|cho em|cho minh|toi chon|em chon|minh chon|"
    r"i choose|i want|i pick|"
    r"i mean|la|y toi la|y em la)\s+)"
)
_TAIL = (
    r"(?:\s+(?:nhe|nha|di|a|oi|ad|ban|em|do|ay|kia|please|pls|one|option|ones|thanks|thank you|cam on|day|"
    r"that|choice|trong danh sach|o tren|tren|vay|thoi))*"
)
_ORDINAL = re.compile(rf"(?P<cue>{_CUE}*){_VALUE}{_TAIL}")
_WHERE = re.compile(r"\bđâu\b|^o dau\b")
"""Asks for a place: only without its marks is it the first of something."""
_FILLER_START = re.compile(r"^(?:da|vang|u|uh|ok|oke|okay|a|thi|uhm|yes|ah|vay|the)\s+")
_SIGN_ORDINAL = re.compile(
    r"(?:第)?(?P<n>[1-9一二三四五]|하나|첫|두|둘|세|셋|네)\s*(?:번째?|番目?|个|個|项|号|つ目|번)(?:.{0,6})"
)


@dataclass(slots=True)
class EntityFinder:
    """Finds entities in a normalized text.

    `parse_code` and `looks_like_code` know the portal's application codes; `languages` maps what people
    call a language ("tieng anh", "english") to its code.
    """

    parse_code: Callable[[str], str | None]
    looks_like_code: Callable[[str], bool]
    languages: Mapping[str, str] = field(default_factory=dict)
    places: PlaceFinder = field(default_factory=PlaceFinder)
    today: Callable[[], date] = date.today

    def find(self, text: str) -> list[Entity]:
        """All entities, at most one of each kind."""
        found: list[Entity] = []
        if match := PROCEDURE_CODE.search(text):
            found.append(Entity("procedure_code", match["code"], *match.span()))
        code = self.parse_code(text)
        like = APPLICATION_LIKE.search(text)
        span = like.span() if like else (0, len(text))
        if code is not None:
            found.append(Entity("application_code", code, *span))
        elif not found and self.looks_like_code(text):
            found.append(Entity("malformed_code", text[span[0] : span[1]].strip(), *span))
        if code is None and (phone := PHONE.search(text)):
            digits = re.sub(r"\D", "", phone[0])
            number = "0" + digits[2:] if digits.startswith("84") else digits
            if 10 <= len(number) <= 11:
                found.append(Entity("phone", number, *phone.span()))
        if not found and (position := ordinal(text)) is not None:
            found.append(Entity("ordinal", position, 0, len(text)))
        if code is None:
            # The digits of a code are no date; "thứ hai" alone is a position, which comes before.
            if (day := find_day(text, self.today())) is not None:
                found.append(Entity("date", day.value.isoformat(), day.start, day.end))
            if (place := self.places.find(text)) is not None:
                found.append(Entity("commune", place.name, place.start, place.end))
        if language := self._language(text):
            found.append(Entity("requested_language", language, 0, len(text)))
        return found

    def _language(self, text: str) -> str | None:
        folded = f" {' '.join(WORD.findall(fold(text)))} "
        names = [
            name
            for name in self.languages
            if f" {name} " in folded or (not name.isascii() and name in folded)
        ]
        # The last one named is the wanted one: "từ tiếng Việt sang tiếng Anh".
        return self.languages[max(names, key=lambda name: (folded.rfind(name), len(name)))] if names else None


def ordinal(text: str) -> int | None:
    """The position that the whole message names (1..9, -1 for the last), or None."""
    if len(text) > 60:
        return None
    plain = re.sub(r"[^\w\s]|\ufe0f|\u20e3|_", " ", fold(text)).strip()
    plain = " ".join(plain.split())
    while (shorter := _FILLER_START.sub("", plain)) != plain:
        plain = shorter
    if _WHERE.search(plain if text.isascii() else text.lower()):
        return None
    if match := _SIGN_ORDINAL.fullmatch(plain):
        value = match["n"]
        return int(value) if value.isdigit() else _SIGNS[value]
    match = _ORDINAL.fullmatch(plain)
    if match is None:
        return None
    value = match["n"]
    if value.isdigit():
        return int(value)
    return _NUMBERS[value] if match["cue"] or value in _ALONE else None
