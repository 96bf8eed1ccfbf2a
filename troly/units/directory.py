"""Looks communes up: by a name of today or a former one, in free text, or by where one stands."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import asin, cos, radians, sin, sqrt
from pathlib import Path

from troly.text import fold

_DATA = Path(__file__).parent / "data"
_WORDS = re.compile(r"[^\W_]+|[,;:()\n]")
"""Punctuation stays as a word of its own, so that no name reaches across a comma."""
_LONGEST = 6
"""Words of the longest name with its kind."""

KINDS = ("phường", "xã", "đặc khu", "thị trấn")
_DISTRICTS = ("huyện", "quận", "thị xã", "thành phố")
_KINDS_FOLDED = tuple(fold(kind) + " " for kind in (*KINDS, *_DISTRICTS))
_WRITTEN = {
    "p": "phuong",
    "f": "phuong",
    "x": "xa",
    "tt": "thi tran",
    "tx": "thi xa",
    "tp": "thanh pho",
    "h": "huyen",
    "q": "quan",
}
_ENGLISH = {"ward": "phuong", "commune": "xa", "township": "thi tran", "district": "huyen"}


_SPOKEN = re.compile(r"\bhon gai\b")
"""Quảng Ninh says Hòn Gai, its papers say Hồng Gai."""


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune of today."""

    code: str
    province: str
    kind: str
    """phường, xã or đặc khu."""
    short: str
    latitude: float
    longitude: float

    @property
    def name(self) -> str:
        """With its kind: "phường Bãi Cháy"."""
        return f"{self.kind} {self.short}"


@dataclass(frozen=True, slots=True)
class FormerUnit:
    """A ward, commune or town as it was until 30 June 2025, or an island district without wards."""

    name: str
    """With its kind, "Phường Bãi Cháy"."""
    district: str
    province: str
    successors: tuple[Commune, ...]
    """Where it belongs now; several where it was divided."""
    main: Commune | None
    """The successor that took the larger part."""

    @property
    def divided(self) -> bool:
        """Whether parts of it went to different communes."""
        return len(self.successors) > 1


@dataclass(frozen=True, slots=True)
class Named:
    """What a text names. All empty: no commune was recognised."""

    words: str = ""
    """The words that were taken for a name, folded."""
    communes: tuple[Commune, ...] = ()
    former: tuple[FormerUnit, ...] = ()
    districts: tuple[tuple[str, str], ...] = ()
    """Former districts as (name, province)."""

    def __bool__(self) -> bool:
        return bool(self.communes or self.former or self.districts)


class Directory:
    """All communes and former units, indexed by folded name."""

    def __init__(self, communes: Iterable[Commune], former: Iterable[FormerUnit]) -> None:
        """Keeps what it is given; see load()."""
        self.communes = {commune.code: commune for commune in communes}
        self.former = tuple(former)
        self._communes: dict[str, list[Commune]] = defaultdict(list)
        self._former: dict[str, list[FormerUnit]] = defaultdict(list)
        self._districts: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
        self._former_provinces = {fold(unit.province): unit for unit in self.former}
        self._provinces = set(self._former_provinces)
        for commune in self.communes.values():
            for name in _names(commune.name):
                self._communes[name].append(commune)
        for unit in self.former:
            for name in _names(unit.name):
                self._former[name].append(unit)
            for name in _names(unit.district):
                self._districts[name][unit.district, unit.province] = None

    def merged_province(self, text: str) -> tuple[str, str] | None:
        """A province that a text names and what it belongs to now: ("Hải Dương", "Hải Phòng")."""
        words = _WORDS.findall(fold(text))
        for _, key in _spans(words):
            if unit := self._former_provinces.get(key):
                return unit.province, unit.successors[0].province
        return None

    def in_province(self, province: str) -> list[Commune]:
        """The province's communes, by name."""
        return sorted(
            (c for c in self.communes.values() if c.province == province), key=lambda c: fold(c.short)
        )

    def in_district(self, district: str, province: str) -> list[Commune]:
        """The communes of today that a former district became, by name."""
        units = (unit for unit in self.former if (unit.district, unit.province) == (district, province))
        found = {commune.code: commune for unit in units for commune in unit.successors}
        return sorted(found.values(), key=lambda c: fold(c.short))

    def find(self, text: str, province: str | None = None) -> Named:
        """The commune, former unit or former district that a text names, in `province` first.

        Accents, kinds ("phường", "p.", "ward") and the rest of the sentence do not matter. A name of one
        word counts only with its kind ("xã Vinh"), a longer one without. A former district or
        another unit in the text ("Bãi Cháy, Hạ Long") narrows the choice.
        """
        words = _english([_WRITTEN.get(word, word) for word in _WORDS.findall(fold(text))])
        words = _SPOKEN.sub("hong gai", " ".join(words)).split()
        best = Named()
        narrowing = [key for _, key in _spans(words) if key in self._districts or key in self._provinces]
        taken: set[int] = set()
        for place, key in _spans(words):
            if taken.issuperset(range(place, place + len(key.split()))):
                continue  # "Thanh Hà" in "huyện Thanh Hà" is no commune
            named = self._named(key, province, narrowing)
            if named.districts and key.startswith(_KINDS_FOLDED):
                taken.update(range(place, place + len(key.split())))
            if named and _weight(named) > _weight(best):
                best = named
        return best

    def _named(self, key: str, province: str | None, narrowing: list[str]) -> Named:
        communes = self._communes.get(key, [])
        former = self._former.get(key, [])
        districts = list(self._districts.get(key, ()))
        beside = [name for name in narrowing if name not in key and key not in name]
        if nearer := [name for name in beside if name in self._provinces]:
            here = [c for c in communes if fold(c.province) in nearer]
            was = [u for u in former if fold(u.province) in nearer]
            had = [d for d in districts if fold(d[1]) in nearer]
        elif province:
            here = [c for c in communes if c.province == province]
            was = [u for u in former if any(c.province == province for c in u.successors)]
            had = [d for d in districts if any(c.province == province for c in self.in_district(*d))]
        else:
            here, was, had = communes, former, districts
        # Far away there is a place of almost any name: there it needs its kind ("phường Trung Tâm").
        if here or was or had or not key.startswith(_KINDS_FOLDED):
            communes, former, districts = here, was, had
        former = [u for u in former if any(name in _names(u.district) for name in beside)] or former
        return Named(key, tuple(communes), tuple(former), tuple(districts))

    def nearest(self, latitude: float, longitude: float, count: int = 3) -> list[tuple[Commune, float]]:
        """The communes whose centres are nearest, with the distance in kilometres."""
        measured = [
            (commune, kilometres(latitude, longitude, commune.latitude, commune.longitude))
            for commune in self.communes.values()
        ]
        return sorted(measured, key=lambda pair: pair[1])[:count]


def _weight(named: Named) -> tuple[bool, int]:
    """A commune says more than the district beside it; then the longer name."""
    return bool(named.communes or named.former), len(named.words.split())


def _names(full: str) -> tuple[str, ...]:
    """The forms in which a unit is found: with its kind, and bare when that is two words or more."""
    folded = " ".join(_WORDS.findall(fold(full)))
    for kind in (*KINDS, *_DISTRICTS):
        bare = folded.removeprefix(fold(kind) + " ")
        if bare != folded:
            return (folded, bare) if " " in bare else (folded,)
    return (folded,)


def _english(words: list[str]) -> list[str]:
    """ "Bai Chay ward" -> "phuong Bai Chay"; only the last two words before the kind can be the name."""
    for place, word in enumerate(words):
        if word in _ENGLISH and place >= 2:
            return [*words[: place - 2], _ENGLISH[word], *words[place - 2 : place], *words[place + 1 :]]
    return words


def _spans(words: list[str]) -> Iterator[tuple[int, str]]:
    """All runs of words with where they begin, the longest first."""
    for length in range(min(_LONGEST, len(words)), 0, -1):
        for start in range(len(words) - length + 1):
            yield start, " ".join(words[start : start + length])


def kilometres(latitude: float, longitude: float, other: float, along: float) -> float:
    """The great-circle distance between two points given in degrees."""
    north, east = radians(other - latitude) / 2, radians(along - longitude) / 2
    part = sin(north) ** 2 + cos(radians(latitude)) * cos(radians(other)) * sin(east) ** 2
    return 2 * 6371.0 * asin(sqrt(part))


@lru_cache(maxsize=1)
def directory() -> Directory:
    """The whole country, read once (about 13,000 units)."""
    communes = {
        row["code"]: Commune(
            row["code"],
            row["province"],
            row["kind"],
            row["name"],
            float(row["latitude"]),
            float(row["longitude"]),
        )
        for row in _rows("communes.csv")
    }
    former = [
        FormerUnit(
            name=row["name"] or row["district"],
            district=row["district"],
            province=row["province"],
            successors=tuple(communes[code] for code in row["successors"].split()),
            main=communes.get(row["main"]),
        )
        for row in _rows("former.csv")
    ]
    return Directory(communes.values(), former)


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (_DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
