"""What was found for a message, and what to do with it: answer, let choose, or say that nothing fits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.understanding.certainty import Evidence
from bot.understanding.knobs import FinderThresholds
from bot.understanding.scoring import WHOLE

Decision = Literal["answer", "choose", "not_found", "none"]

_MANY = 4
_BARELY_NAMED, _NAMED_AND_CLOSE = 0.68, (0.85, 0.1)
"""How much of the best name a message says that many names contain: less is too little; so is somewhat more
where the next is close."""
_NEARLY = 0.15
"""By how much less a served procedure may fit than one that is not served, and still be offered."""
_CLOSE = 0.04
"""The lead over the next procedure below which a whole name does not tell them apart."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A procedure with its score: about 1 where its name is in the message, more where its record fits."""

    code: str
    name: str
    score: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found: at most ten candidates, best first; what to do with them; and `mention`, the share
    (0..1) of the message that is about a procedure at all: low in "how much is it", high in a name."""

    procedures: tuple[Candidate, ...] = ()
    decision: Decision = "none"
    mention: float = 0.0
    encoded: bool = False
    certainty: float = 0.0
    """The probability that the first one is right, where the message is about a procedure."""
    among: float = 0.0
    """The probability that the right one is among the first five."""
    evidence: Evidence | None = None


def decided(
    language: str, evidence: Evidence, certainty: float, among: float, limits: FinderThresholds
) -> Decision:
    """What to do with procedures of which the first is right with the probability `certainty`, and one of
    the first five with `among`; `language` is that of the route: "vi", "en" or "other"."""
    least = {"vi": limits.answer, "en": limits.answer_english}.get(language, limits.answer_foreign)
    if certainty >= least:
        return "choose" if _is_bare(evidence) or _is_shared(evidence) else "answer"
    # A subject that many names contain leaves the first five to chance, and yet it is found.
    return "choose" if among >= limits.found or evidence.asked >= WHOLE else "not_found"


def only_served(
    candidates: Sequence[Candidate],
    decision: Decision,
    served: Collection[str],
    siblings: Mapping[str, Collection[str]],
) -> tuple[list[Candidate], Decision]:
    """The candidates whose code is `served`, and what to do with them.

    Where the best is one that is not, its siblings are left to choose from and, unless it is surely the one
    that is meant, those that fit nearly as well. Where none is left the procedure is not found.
    """
    offered = [one for one in candidates if one.code in served]
    if not candidates or candidates[0].code in served or decision not in ("answer", "choose"):
        return offered, decision
    best = candidates[0]
    least = best.score - _NEARLY if decision == "choose" else best.score
    related = siblings.get(best.code, ())
    offered = [one for one in offered if one.score >= least or one.code in related]
    return offered, "choose" if offered else "not_found"


def _is_bare(evidence: Evidence) -> bool:
    """True for a mere subject ("căn cước", "hộ khẩu") that the names of many procedures contain."""
    if evidence.containing < _MANY or evidence.asked < WHOLE:
        return False
    named, margin = _NAMED_AND_CLOSE
    return evidence.named < _BARELY_NAMED or (evidence.named < named and evidence.margin < margin)


def _is_shared(evidence: Evidence) -> bool:
    """True where the message has a name that two procedures share ("mở công ty"): one of its first two is as
    good as the other."""
    return evidence.named >= WHOLE and evidence.margin < _CLOSE
