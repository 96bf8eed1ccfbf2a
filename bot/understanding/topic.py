"""Does a message name another procedure than the one that was talked of?

"Bằng cấp có phải công chứng không" after a question about a shop is about that shop; "làm lại bằng cấp bị
mất" is not. Both have the name of a procedure in them. What tells them apart is how much of a name there is,
what is asked, how long the message is, and the small words with which people begin a new subject.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log1p
from pathlib import Path

from bot.understanding.certainty import Evidence, Weights, logistic
from bot.understanding.data import read_yaml
from troly.text import fold

_EVIDENCE: Weights = {"constant": -12.21, "named": 3.98, "matched": 1.4, "score": 1.93}
_WORDS, _OVERVIEW = 1.91, 2.08
_CUES: Mapping[str, float] = {"opens": 1.95, "after": 2.08, "or": -2.46, "needs": -0.86}
"""Fitted on 440 turns of tests/dialogues in which going on and changing over lead to different answers, and
on 522 messages of tests/nlu that name a procedure, at a fifth of the weight: without them a short question
such as "lệ phí khai sinh bao nhiêu" changes nothing. Under cross-validation by dialogue .82 of those turns
are right (.70 by MENTION alone), and .85 of the messages that begin anew."""
_RARE = -2.0
"""Where few ask for what is found: two thirds of all procedures. Of 106 turns of tests/dialogues that rightly
came to another procedure none came to one of these: "cần khám sức khỏe không" asks about no clinic."""

_WHOLE, _SURE = 0.99, 0.5
"""From this share of the message that is part of a name on, and this probability of asking for a procedure
as a whole, the message is a name."""


@dataclass(frozen=True, slots=True)
class Topic:
    """The small words, by what they do: `opens` a new subject, `after` it comes another step, `or` asks to
    choose ("xã hay tỉnh"), `needs` asks whether something is needed too."""

    cues: Mapping[str, re.Pattern[str]]
    foreigner: re.Pattern[str]
    """What names a foreigner, by nationality or as one."""

    @classmethod
    def of(cls, root: Path) -> Topic:
        """From the section `topic` of carriers.yml."""
        stated = (read_yaml(root / "carriers.yml") or {}).get("topic") or {}
        cues = {name: _any(stated.get(name) or (), first=name == "opens") for name in _CUES}
        return cls(cues, _any(stated.get("foreigner") or ()))

    def speaks_of_a_foreigner(self, text: str) -> bool:
        """Whether `text` names one."""
        return self.foreigner.search(fold(text)) is not None

    def changed(self, text: str, evidence: Evidence, overview: float) -> float:
        """The probability that `text` (normalized) is about another procedure, the one with this evidence.

        `overview` is the probability that it asks for a procedure as a whole.
        """
        if evidence.asked >= _WHOLE and overview >= _SURE:
            return 1.0  # nothing but a subject: "căn cước"
        words = fold(text)
        odds = _EVIDENCE["constant"] + _WORDS * log1p(len(words.split())) + _OVERVIEW * overview
        odds += sum(getattr(evidence, name) * w for name, w in _EVIDENCE.items() if name != "constant")
        odds += _RARE * evidence.rare
        odds += sum(weight for name, weight in _CUES.items() if self.cues[name].search(words))
        return logistic(odds)


def _any(phrases: Iterable[str], *, first: bool = False) -> re.Pattern[str]:
    """Matches any of the phrases, as whole words; only at the beginning where `first`."""
    folded = sorted({fold(phrase) for phrase in phrases}, key=len, reverse=True)
    return re.compile(rf"{'^' if first else chr(92) + 'b'}(?:{'|'.join(map(re.escape, folded)) or '(?!)'})\b")
