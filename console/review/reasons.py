"""Why a message is worth a look, and how much."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntFlag
from math import log2

from troly.text import fold


class Reason(IntFlag):
    """Stored as bits, so that a message may have several."""

    REJECTED = 1
    """Nothing was understood, or no procedure was found."""
    UNSURE = 2
    THUMB_DOWN = 4
    CORRECTED = 8
    """The citizen's next message says the answer was wrong, or asks the same again."""
    DISAGREED = 16
    """Words and encoder have different opinions."""
    HANDED_OVER = 32
    """It led to a person."""
    SAMPLED = 64
    """Drawn at random, whatever became of it."""


WEIGHTS = {
    Reason.THUMB_DOWN: 50,
    Reason.CORRECTED: 40,
    Reason.REJECTED: 30,
    Reason.HANDED_OVER: 25,
    Reason.UNSURE: 20,
    Reason.SAMPLED: 18,
    Reason.DISAGREED: 12,
}

_SURE = 0.5
_SOON = timedelta(minutes=10)
_ANSWERS = frozenset({"answered", "not_found", "out_of_scope", "portal_unavailable"})
_PROTEST = re.compile(
    r"\b(?:khong phai (?:vay|the|cai (?:do|nay)|y|thu tuc)|sai roi|nham roi|tra loi sai|khong dung|chua dung|"
    r"khong lien quan|y (?:toi|em|minh|la)|hoi khac|lac de|wrong|not what i|i meant?|that s not|incorrect)\b"
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What of a turn decides whether it is worth a look."""

    words: str
    """Folded, without personal data."""
    intent: str | None
    second_intent: str | None
    confidence: float | None
    procedure_code: str | None
    status: str
    rating: int | None
    at: datetime


def of_turn(turn: Looked) -> Reason:
    """The reasons that the turn itself gives."""
    found = Reason(0)
    nothing = turn.status in ("not_found", "error", "none")
    if nothing or turn.status == "out_of_scope" or (turn.status == "clarify" and not turn.procedure_code):
        found |= Reason.REJECTED
    if turn.confidence is not None and turn.confidence < _SURE and turn.status != "form":
        found |= Reason.UNSURE
    if turn.rating is not None and turn.rating < 0:
        found |= Reason.THUMB_DOWN
    if turn.second_intent and turn.second_intent != turn.intent:
        found |= Reason.DISAGREED
    if turn.status == "handed_over" and turn.intent != "talk_to_human":
        found |= Reason.HANDED_OVER
    return found


def of_next(turn: Looked, following: Looked) -> Reason:
    """The reasons that the citizen's next message gives to look at this one."""
    found = Reason(0)
    if following.status == "handed_over" and following.intent == "talk_to_human":
        found |= Reason.HANDED_OVER
    if turn.status in _ANSWERS and following.at - turn.at <= _SOON:
        protests = following.intent == "deny" or _PROTEST.search(fold(following.words))
        # The same words with another intent ask for the next thing (first the papers, then the fee).
        again = turn.status != "answered" or turn.intent == following.intent
        if protests or (again and _says_the_same(turn.words, following.words)):
            found |= Reason.CORRECTED
    return found


def score(reasons: int, waiting: int = 1) -> int:
    """How much a group of so many messages is worth a look."""
    total = sum(weight for reason, weight in WEIGHTS.items() if reasons & reason)
    return total + round(12 * log2(max(1, waiting)))


def names(reasons: int) -> Iterable[str]:
    """The reasons' names, the weightiest first."""
    return [reason.name.lower() for reason in WEIGHTS if reasons & reason and reason.name]


def by_name(name: str) -> Reason | None:
    """The reason of this name."""
    return Reason.__members__.get(name.upper())


def _says_the_same(first: str, second: str) -> bool:
    """Whether most of the words of the shorter one are in the other; short ones say too little."""
    one, other = set(first.split()), set(second.split())
    shorter = min(len(one), len(other))
    return (
        shorter >= 3
        and len(one & other) >= 0.6 * shorter
        and len(one & other) >= 0.45 * max(len(one), len(other))
    )
