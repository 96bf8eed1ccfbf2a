"""Numbers, shares and days as each language writes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from console.texts import knows, say

_MINUS = "\u2212"


@dataclass(frozen=True, slots=True)
class Wording:
    """For one language."""

    language: str

    def say(self, key: str, **values: object) -> str:
        """A text of this area, or of another where the key has a dot."""
        return say(self.language, key if "." in key else f"figures.{key}", **values)

    def named(self, prefix: str, name: str) -> str:
        """What a name of ours is called; as it is where it has no text."""
        key = f"{prefix}{name}" if "." in prefix else f"figures.{prefix}{name}"
        return say(self.language, key) if knows(key) else name

    def number(self, value: float | None, digits: int = 0) -> str:
        """1.234,5 in Vietnamese, 1,234.5 in English."""
        if value is None:
            return "–"
        written = f"{abs(value):,.{digits}f}"
        if self.language == "vi":
            written = written.translate(str.maketrans(",.", ".,"))
        # Nothing is "minus zero".
        below = value < 0 and any(letter in "123456789" for letter in written)
        return (_MINUS if below else "") + written

    def share(self, value: float | None, digits: int = 1) -> str:
        """A share of 1 as a percentage."""
        if value is None:
            return "–"
        return f"{self.number(value * 100, digits)}%"

    def day(self, value: date | None) -> str:
        """22/11/2026, the order that both languages use in Vietnam."""
        return f"{value:%d/%m/%Y}" if value else "–"

    def month(self, value: date) -> str:
        """11/2026."""
        return f"{value:%m/%Y}"

    def cell(self, kind: str, value: Any) -> str:
        """A cell of a table."""
        if value is None:
            return "–"
        made: dict[str, Callable[[Any], str]] = {
            "number": self.number, "share": self.share, "day": self.day, "month": self.month,
            "change": self.change,
        }  # fmt: skip
        return made.get(kind, str)(value)

    def change(self, value: float | None) -> str:
        """How much more or less, as a share of what was before; None: nothing was."""
        if value is None:
            return "–"
        sign = "+" if value > 0 and round(value, 3) else ""
        return sign + self.share(value)

    def points(self, value: float | None) -> str:
        """How much a share rose or fell, in percentage points."""
        if value is None:
            return "–"
        sign = "+" if value > 0 and round(value, 3) else ""
        return sign + self.say("points", n=self.number(value * 100, 1))


def grown(after: float, before: float) -> float | None:
    """The growth as a share of what was before."""
    return after / before - 1 if before else None


def part(number: float, whole: float) -> float | None:
    """A share; None of nothing."""
    return number / whole if whole else None
