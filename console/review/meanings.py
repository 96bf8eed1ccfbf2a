"""What messages mean, as vectors of the assistant's sentence encoder: groups of different words for the same.

The encoder runs in the Rasa process, which is asked for vectors over HTTP (POST /vectors), masked words
only. They are kept in memory, none is stored: where this process starts anew, or the encoder changes, they
are asked for again. Without an encoder, or while Rasa is away, only the words decide (grouping.py).
"""

from __future__ import annotations

from array import array
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nsmallest
from math import sqrt
from operator import mul
from time import monotonic

import httpx
import structlog

log = structlog.get_logger("review")

NEAR = 0.92
"""The cosine from which on two messages come together; see tests/console/bench_grouping.py."""

AT_ONCE = 64
"""Texts of one request."""
_LIKELY = 16
_PAUSE = 60.0
"""Seconds without asking a Rasa that did not answer, or has no encoder."""
_TIMEOUT = httpx.Timeout(60.0, connect=2.0)


@dataclass(frozen=True, slots=True)
class Vector:
    """A direction, coarse enough to keep tens of thousands: a byte a dimension."""

    parts: array[int]
    length: float
    signs: int
    """A bit for each dimension: few differ where two vectors are near."""

    @classmethod
    def read(cls, text: str) -> Vector:
        """From base64. Raises ValueError."""
        parts = array("b", b64decode(text, validate=True))
        length = sqrt(sum(map(mul, parts, parts)))
        if not length:
            raise ValueError(text)
        return cls(parts, length, int("".join("1" if part > 0 else "0" for part in parts), 2))

    def cosine(self, other: Vector) -> float:
        """1: the same direction."""
        return float(sum(map(mul, self.parts, other.parts))) / (self.length * other.length)


class Meanings:
    """Vectors of the groups' first messages, by kind."""

    def __init__(self) -> None:
        """Starts without any."""
        self._encoder = ""
        self._of: dict[str, dict[int, Vector]] = {}
        self._lacking: dict[str, list[int]] = {}
        self._known: dict[tuple[str, str], Vector] = {}
        self._not_before = 0.0

    def learn(self, group: int, leader: str, kind: str) -> None:
        """There is such a group; `leader` as the group has it stored."""
        vector = self._known.pop((kind, leader), None)
        if vector:
            self._of.setdefault(kind, {})[group] = vector
        else:
            self._lacking.setdefault(kind, []).append(group)

    def lacking(self, kinds: set[str], most: int) -> list[tuple[str, int]]:
        """Groups of these kinds that have no vector yet, the newest first."""
        return [(kind, group) for kind in kinds for group in self._lacking.get(kind, [])[: -most - 1 : -1]][
            :most
        ]

    def take(self, kind: str, group: int, vector: Vector | None) -> None:
        """The vector of a group that lacked one; None where its words are gone."""
        if group in self._lacking.get(kind, ()):
            self._lacking[kind].remove(group)
        if vector:
            self._of.setdefault(kind, {})[group] = vector

    def expect(self, kind: str, leader: str, vector: Vector) -> None:
        """A group that is about to be stored will have this vector."""
        self._known[(kind, leader)] = vector

    def forget_expected(self) -> None:
        """What was expected before was stored by now, or never will be."""
        self._known.clear()

    def like(self, kind: str, vector: Vector) -> int | None:
        """The nearest group of the kind, if one is near."""
        return nearest(self._of.get(kind, {}), vector)

    async def ask(
        self, http: httpx.AsyncClient, bases: Sequence[str], texts: Sequence[str]
    ) -> list[Vector] | None:
        """The vectors of the texts; None where nobody can say, and for a while nobody is asked then."""
        if monotonic() < self._not_before:
            return None
        found: list[Vector] = []
        for place in range(0, len(texts), AT_ONCE):
            part = await _asked(http, bases, texts[place : place + AT_ONCE])
            if part is None:
                self._not_before = monotonic() + _PAUSE
                return None
            name, vectors = part
            if name != self._encoder:
                self._begin(name)
                if place:
                    return None  # those before are of another encoder: the next look asks again
            found += vectors
        return found

    def _begin(self, encoder: str) -> None:
        """Vectors of another encoder say nothing beside those of this one."""
        for kind, those in self._of.items():
            self._lacking.setdefault(kind, []).extend(those)
            self._lacking[kind].sort()
        self._of.clear()
        self._known.clear()
        self._encoder = encoder


def nearest(among: dict[int, Vector], vector: Vector) -> int | None:
    """The key of the nearest one that is near; None where none is."""
    likely = among.items()
    if len(among) > _LIKELY:
        likely = nsmallest(  # type: ignore[assignment]
            _LIKELY, likely, key=lambda pair: (pair[1].signs ^ vector.signs).bit_count()
        )
    best, near = None, NEAR
    for group, other in likely:
        if len(other.parts) == len(vector.parts) and (cosine := vector.cosine(other)) >= near:
            best, near = group, cosine
    return best


async def _asked(
    http: httpx.AsyncClient, bases: Sequence[str], texts: Sequence[str]
) -> tuple[str, list[Vector]] | None:
    for base in bases:
        try:
            answer = await http.post(f"{base}/vectors", json={"texts": list(texts)}, timeout=_TIMEOUT)
            if answer.status_code == 200:
                said = answer.json()
                vectors = [Vector.read(one) for one in said["vectors"]]
                if len(vectors) == len(texts):
                    return str(said["encoder"]), vectors
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            log.info("no_vectors", error=type(error).__name__)
    return None
