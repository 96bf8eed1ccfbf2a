"""What requirements.lock pins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_LINE = re.compile(r"([a-z0-9._-]+)==([^ ;\\]+)( ; [^\\]+)?")
_HASH = re.compile(r"\s+--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of a lock."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]


def read(path: Path) -> list[Locked]:
    """The packages of a lock, by name."""
    found: list[Locked] = []
    for line in path.read_text("utf-8").splitlines():
        if match := _LINE.match(line):
            found.append(Locked(match[1], match[2], (match[3] or "").removeprefix(" ; ").strip(), ()))
        elif match := _HASH.match(line):
            last = found[-1]
            found[-1] = Locked(last.name, last.version, last.marker, (*last.hashes, match[1]))
    return sorted(found, key=lambda one: one.name)
