"""Does a message only name its subject ("extend tourist visa")? Then it asks for the procedure as a whole.

Which of its aspects the classifier thinks of is chance there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.understanding.data import read_yaml
from troly.text import fold

OVERVIEW = "ask_procedure"
UNSURE = 0.6
"""From this probability on the classifier knows better: "give me the sequence for deleting a boat"."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The words that ask, by language: those of the aspects, and those of questions."""

    asking: Mapping[str, re.Pattern[str]]
    asking_bare: re.Pattern[str]
    """The Vietnamese ones without marks: "hả" is also in "Ha Long" then."""

    @classmethod
    def of(cls, root: Path) -> Subject:
        """From the `aspects` and `asks` of both languages in carriers.yml, and the names of places.yml."""
        stated = read_yaml(root / "carriers.yml") or {}
        phrases = {
            language: {
                str(phrase).lower()
                for kind in ("aspects", "asks")
                for phrase in (stated.get(language) or {}).get(kind) or []
            }
            for language in ("vi", "en")
        }
        places = {word for place in read_yaml(root / "places.yml") or [] for word in fold(str(place)).split()}
        phrases["en"] -= places  # "long" asks, but not in "Ha Long"
        asking = {language: _any(of) for language, of in phrases.items()}
        return cls(asking, _any({fold(phrase) for phrase in phrases["vi"]}))

    def alone(self, text: str, language: str | None) -> bool:
        """Whether nothing in `text` asks; `language` is what it is seen to be written in, None for unknown.

        Of other languages than Vietnamese and English no words are known, and so it is never said of them.
        """
        if language not in {"vi", "en", None}:
            return False
        text = text.lower()
        if language == "en":
            return self.asking["en"].search(text) is None
        return (self.asking_bare if text.isascii() else self.asking["vi"]).search(text) is None


def whole(
    probabilities: NDArray[np.float64], labels: Sequence[str], among: Collection[str]
) -> NDArray[np.float64]:
    """The probabilities with those of the intents `among` given to the procedure as a whole, where no intent
    is likely."""
    if probabilities.max() >= UNSURE or OVERVIEW not in labels:
        return probabilities
    at = [number for number, label in enumerate(labels) if label in among]
    made = probabilities.copy()
    made[at] = 0.0
    made[labels.index(OVERVIEW)] = probabilities[at].sum()
    return made


def _any(phrases: Iterable[str]) -> re.Pattern[str]:
    longest = sorted(phrases, key=len, reverse=True)
    return re.compile(rf"\?|\b(?:{'|'.join(map(re.escape, longest)) or '(?!)'})\b")
