"""Which turns staff want to see: read from a page's address, written back to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from urllib.parse import urlencode

from console.errors import Invalid
from troly.text import fold

CHANNELS = ("web", "telegram", "zalo_oa", "zalo_bot")
LANGUAGES = ("vi", "en")
STATUSES = (
    "answered",
    "clarify",
    "not_found",
    "portal_unavailable",
    "out_of_scope",
    "refused",
    "handed_over",
    "form",
    "smalltalk",
    "error",
    "none",
)
SURENESS = ("low", "middle", "high")
"""Below 0.5, up to 0.8, above."""
RATINGS = ("bad", "middle", "good", "any")
FLAGS = ("wrong", "follow_up", "good_example")

_CHOICES: dict[str, tuple[str, ...]] = {
    "channel": CHANNELS,
    "language": LANGUAGES,
    "status": STATUSES,
    "sure": SURENESS,
    "rating": RATINGS,
    "flag": FLAGS,
    "handed": ("1",),
}
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Filters:
    """Empty means: any. Days are Vietnam's, both included."""

    since: str = ""
    until: str = ""
    channel: str = ""
    language: str = ""
    intent: str = ""
    status: str = ""
    sure: str = ""
    rating: str = ""
    procedure: str = ""
    commune: str = ""
    handed: str = ""
    flag: str = ""
    tag: str = ""
    text: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filters:
        """From a page's address. What is no choice of ours is left out; a wrong day raises Invalid."""
        found: dict[str, str] = {}
        for field in fields(cls):
            value = query.get(field.name, "").strip()[:_LONGEST]
            if field.name in _CHOICES and value not in _CHOICES[field.name]:
                value = ""
            if field.name in ("since", "until") and value:
                value = _day(value)
            found[field.name] = value
        return cls(**found)

    @property
    def set(self) -> dict[str, str]:
        """Those that are not empty."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name))}

    @property
    def query(self) -> str:
        """As in a page's address."""
        return urlencode(self.set)

    @property
    def words(self) -> list[str]:
        """The words that a message has to contain, folded; at most eight."""
        letters = "".join(letter if letter.isalnum() else " " for letter in fold(self.text))
        return letters.split()[:8]


def _day(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise Invalid("conversations.day_wrong") from None
