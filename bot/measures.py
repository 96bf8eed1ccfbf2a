"""What parsed messages are judged by, and the figures over groups of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.labelled import REJECTING, Record
from bot.statistics import Macro, macro_f1
from troly.statistics import Share

_CHOICES = 5
"""At most so many procedures are offered when the assistant asks back."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A record and what the parser made of it ({} and `error` where it failed)."""

    record: Record
    parsed: dict[str, Any]
    milliseconds: float
    error: str = ""

    @property
    def intent(self) -> str:
        """The intent that was said; "" where none was."""
        return str((self.parsed.get("intent") or {}).get("name") or "")

    @property
    def confidence(self) -> float:
        """The confidence in that intent, 0 to 1."""
        return float((self.parsed.get("intent") or {}).get("confidence") or 0.0)

    @property
    def codes(self) -> list[str]:
        """The procedures found, best first."""
        return [str(item["code"]) for item in self.parsed.get("procedures") or []]

    @property
    def decision(self) -> str:
        """answer, choose, not_found or none."""
        return str(self.parsed.get("procedure_decision") or "none")

    @property
    def intent_right(self) -> bool:
        """The expected intent, or one that is accepted too."""
        return self.intent in self.record.intents

    @property
    def first_right(self) -> bool:
        """An acceptable procedure stands first."""
        return self.codes[:1] != [] and self.codes[0] in self.record.procedures

    @property
    def among_first(self) -> bool:
        """An acceptable procedure is among the first five, which is also what is offered as choices."""
        return bool(set(self.codes[:_CHOICES]) & set(self.record.procedures))

    @property
    def language_right(self) -> bool:
        """The language is the expected one."""
        return self.parsed.get("language") == self.record.language

    @property
    def code_right(self) -> bool:
        """The application code is the expected one (None where none is)."""
        return (self.parsed.get("application_code") or None) == (self.record.application_code or None)

    @property
    def false_answer(self) -> bool:
        """Out of scope, and yet a procedure was answered or another intent was seen."""
        if not self.record.rejects:
            return False
        return self.decision == "answer" or not (self.intent_right or self.intent in REJECTING)

    @property
    def wrongly_rejected(self) -> bool:
        """In scope, and yet rejected."""
        return not self.record.rejects and self.intent in REJECTING and not self.intent_right

    @property
    def faults(self) -> list[str]:
        """Everything that went wrong, in words for the list of failures."""
        record = self.record
        asks = record.counts_in_recall
        found = {
            "parser failed": bool(self.error),
            "intent": not self.intent_right,
            "procedure": asks and not self.first_right,
            "answered wrongly": asks and self.decision == "answer" and not self.first_right,
            "not among the choices": asks and self.decision == "choose" and not self.among_first,
            "answered out of scope": self.false_answer,
            "rejected": self.wrongly_rejected,
            "language": not self.language_right,
            "application code": not self.code_right,
        }
        return [name for name, wrong in found.items() if wrong]


# name -> (which records it is over, what counts). Higher is better but for those in LOWER_IS_BETTER.
_SHARES: dict[str, tuple[Callable[[Outcome], bool], Callable[[Outcome], bool]]] = {
    "intent accuracy": (lambda one: True, lambda one: one.intent_right),
    "recall@1": (lambda one: one.record.counts_in_recall, lambda one: one.first_right),
    "recall@5": (lambda one: one.record.counts_in_recall, lambda one: one.among_first),
    "answered directly": (lambda one: one.record.counts_in_recall, lambda one: one.decision == "answer"),
    "direct answers right": (
        lambda one: one.record.counts_in_recall and one.decision == "answer",
        lambda one: one.first_right,
    ),
    "right one among the choices": (
        lambda one: one.record.counts_in_recall and one.decision == "choose",
        lambda one: one.among_first,
    ),
    "false answers out of scope": (lambda one: one.record.rejects, lambda one: one.false_answer),
    "in scope but rejected": (lambda one: not one.record.rejects, lambda one: one.wrongly_rejected),
    "application codes extracted": (
        lambda one: bool(one.record.application_code),
        lambda one: one.code_right,
    ),
    "language right": (lambda one: True, lambda one: one.language_right),
}
LOWER_IS_BETTER = frozenset({"false answers out of scope", "in scope but rejected"})


@dataclass(frozen=True, slots=True)
class Group:
    """The figures over some of the records."""

    file: str
    language: str
    variant: str
    n: int
    figures: dict[str, Share | Macro]

    @property
    def title(self) -> str:
        """The group in words."""
        return " · ".join(part for part in (self.file, self.language, self.variant) if part)


def figures(outcomes: Sequence[Outcome]) -> dict[str, Share | Macro]:
    """All figures over the outcomes, by name."""
    found: dict[str, Share | Macro] = {}
    for name, (belongs, counts) in _SHARES.items():
        members = [outcome for outcome in outcomes if belongs(outcome)]
        found[name] = Share(sum(counts(outcome) for outcome in members), len(members))
        if name == "intent accuracy":
            found["intent macro-F1"] = macro_f1([pair(outcome) for outcome in outcomes])
    return found


def pair(outcome: Outcome) -> tuple[str, str]:
    """Expected and said intent; an intent that is accepted too counts as the expected one."""
    said = outcome.intent or "(none)"
    return (said if outcome.intent_right else outcome.record.intent), said


def groups(outcomes: Sequence[Outcome]) -> Iterator[Group]:
    """All records, Vietnamese and English together, then each file and its languages and variants."""

    def group(file: str, language: str = "", variant: str = "") -> Group:
        members = [
            outcome
            for outcome in outcomes
            if file in ("all", outcome.record.file)
            and (not language or outcome.record.language in language.split("+"))
            and variant in ("", outcome.record.variant)
        ]
        return Group(file, language, variant, len(members), figures(members))

    kinds = list(
        dict.fromkeys((one.record.file, one.record.language, one.record.variant) for one in outcomes)
    )
    files = list(dict.fromkeys(file for file, _, _ in kinds))
    if len(files) > 1:
        yield group("all")
    if {"vi", "en"} < {language for _, language, _ in kinds}:
        yield group("all", "vi+en")
    for file in files:
        inside = [kind for kind in kinds if kind[0] == file]
        if len(inside) > 1:
            yield group(file)
        for kind in sorted(inside):
            yield group(*kind)
