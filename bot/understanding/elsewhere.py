"""Does a message ask for a paper that only another country gives? "How do I get a US visa" has all words of a
visa for Vietnam but one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bot.understanding.data import read_yaml

_STATES = re.compile(r"\bU\.? ?S\.?(?: ?A\b\.?)?(?!\w)")
"""The country is told from "us" by its capitals alone."""
_PURPOSE = re.compile(r"\b(?:for|because of|để) (?:\w+ ){0,3}$")
"""What comes before a paper that is only the reason for another: "a police check for my Canadian visa"."""
_BETWEEN = r"(?:\w+ ){0,2}"
"""Words that may stand between the paper and the country: "visa to visit Japan", "thị thực du lịch Mỹ"."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Papers of other countries, from the section `elsewhere` of carriers.yml."""

    pattern: re.Pattern[str]

    @classmethod
    def of(cls, root: Path) -> Elsewhere:
        """`papers` before one of `countries` or after one of `nations` ("German embassy"), or `alone`."""
        stated = (read_yaml(root / "carriers.yml") or {}).get("elsewhere") or {}
        papers, countries, nations, alone = (
            _any(stated.get(name) or ()) for name in ("papers", "countries", "nations", "alone")
        )
        after = rf"{papers} {_BETWEEN}{countries}"
        before = rf"{nations} (?:\w+ )?{papers}"
        return cls(re.compile(rf"\b(?:{after}|{before}|{alone})\b"))

    def asked(self, text: str) -> bool:
        """Whether `text` names one, and not as the purpose of something else.

        Marks count: without them "Mỹ" is "my", and "my visa" is one of ours.
        """
        words = " ".join(re.findall(r"\w+|[^\w\s-]", _STATES.sub("usa", text).lower()))
        return any(not _PURPOSE.search(words[: found.start()]) for found in self.pattern.finditer(words))


def _any(phrases: Iterable[str]) -> str:
    longest = sorted({str(phrase).lower() for phrase in phrases}, key=len, reverse=True)
    return f"(?:{'|'.join(map(re.escape, longest)) or '(?!)'})"
