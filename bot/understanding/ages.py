"""How old somebody is, and for whom a procedure is: a card for those under 14 is not for one of 15."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.understanding.lexical import Floats
from bot.understanding.route import Served
from troly.text import fold

_BELOW = r"(?:duoi|chua du|chua toi|chua den|under|below|younger than|not yet)"
_AGE = re.compile(
    rf"(?P<below>\b{_BELOW} )?(?:"
    r"\b(?P<vi>\d{1,3}) ?tuoi\b"
    r"|\b(?P<en>\d{1,3})[ -]?(?:(?:years?|yrs?)[ -]old|y/?o)\b"
    r"|\b(?:aged?|(?:son|daughter|child|kid|baby|boy|girl|he|she) is|turn(?:s|ed|ing)?) (?P<is>\d{1,2})\b"
    r"(?! ?(?:months?|weeks?|days?))"
    r"|(?P<cjk>\d{1,3}) ?(?:岁|歲|歳|才|살|세))"
)
_BABY = re.compile(
    r"\b(?:\d{1,2} ?thang tuoi|(?:be|con|chau|tre) moi sinh|so sinh|\d{1,2}[ -]?months?[ -]old|newborn)\b"
    r"|新生儿|新生兒|新生児|신생아"
)
_LIMIT = re.compile(r"\b(?:(?P<below>duoi|chua du)|tu(?: du)?) (?P<age>\d{1,2}) tuoi\b")
_OLDEST = 200


def ages_in(text: str) -> frozenset[int]:
    """The ages in years that a message states, in any of our languages; one below a limit for "under 14"."""
    folded = fold(text)
    found = {0} if _BABY.search(folded) else set()
    for match in _AGE.finditer(folded):
        age = next(int(match[name]) for name in ("vi", "en", "is", "cjk") if match[name])
        found.add(age - 1 if match["below"] else age)
    return frozenset(found)


def limits_of(name: str) -> tuple[int, int] | None:
    """The youngest and oldest for whom a procedure of this official name is; None where it does not say."""
    match = _LIMIT.search(fold(name))
    if match is None:
        return None
    age = int(match["age"])
    return (0, age - 1) if match["below"] else (age, _OLDEST)


@dataclass(frozen=True, slots=True)
class AgeLimits:
    """The limits of the procedures that have any, by their places among those served."""

    limits: dict[int, tuple[int, int]]
    served: int

    @classmethod
    def of(cls, served: Sequence[Served]) -> AgeLimits:
        """From the official names."""
        known = {place: limits for place, item in enumerate(served) if (limits := limits_of(item.name))}
        return cls(known, len(served))

    def too_young_or_old(self, text: str) -> Floats | None:
        """Per served procedure 1 where nobody of whom the message speaks has the age for it; None where it
        states no age."""
        if not self.limits or not (ages := ages_in(text)):
            return None
        made = np.zeros(self.served, dtype=np.float32)
        for place, (youngest, oldest) in self.limits.items():
            made[place] = not any(youngest <= age <= oldest for age in ages)
        return made
