"""What parsed messages are judged by, and the figures over groups of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.labelled import REJECTING, Record
from bot.statistics import Macro, f1_by_label, macro_f1
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
    def rejected(self) -> bool:
        """Taken for out of scope or abuse."""
        return self.intent in REJECTING

    @property
    def encoded(self) -> bool:
        """Whether the encoder was asked."""
        return bool(self.parsed.get("encoded"))

    @property
    def understanding_ms(self) -> float:
        """Milliseconds that our components took; with Rasa's share where they do not say."""
        stated = self.parsed.get("ms")
        return float(stated) if isinstance(stated, int | float) else self.milliseconds

    @property
    def false_answer(self) -> bool:
        """Out of scope, and yet a procedure was answered or another intent was seen."""
        if not self.record.rejects:
            return False
        return self.decision == "answer" or not (self.intent_right or self.intent in REJECTING)

    @property
    def wrongly_rejected(self) -> bool:
        """In scope, and yet rejected."""
        return not self.record.rejects and self.rejected and not self.intent_right

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


Judgement = Callable[[Outcome], bool]


def _asks(one: Outcome) -> bool:
    return one.record.counts_in_recall


# name -> (which records it is over, what counts). Higher is better but for the two sets below.
SHARES: dict[str, tuple[Judgement, Judgement]] = {
    "intent accuracy": (lambda one: True, lambda one: one.intent_right),
    "recall@1": (_asks, lambda one: one.first_right),
    "recall@5": (_asks, lambda one: one.among_first),
    "answered directly": (_asks, lambda one: one.decision == "answer"),
    "asked back": (_asks, lambda one: one.decision == "choose"),
    "said not found": (_asks, lambda one: one.decision == "not_found"),
    "direct answers right": (
        lambda one: _asks(one) and one.decision == "answer",
        lambda one: one.first_right,
    ),
    "right one among the choices": (
        lambda one: _asks(one) and one.decision == "choose",
        lambda one: one.among_first,
    ),
    "false answers out of scope": (lambda one: one.record.rejects, lambda one: one.false_answer),
    "in scope but rejected": (lambda one: not one.record.rejects, lambda one: one.wrongly_rejected),
    "application codes extracted": (
        lambda one: bool(one.record.application_code),
        lambda one: one.code_right,
    ),
    "language right": (lambda one: True, lambda one: one.language_right),
    "encoder asked": (lambda one: True, lambda one: one.encoded),
}
LOWER_IS_BETTER = frozenset({"false answers out of scope", "in scope but rejected"})
NEUTRAL = frozenset({"answered directly", "asked back", "said not found", "encoder asked"})
"""Neither good nor bad alone."""


@dataclass(frozen=True, slots=True)
class Group:
    """The figures over some of the records."""

    file: str
    language: str
    variant: str
    members: Sequence[Outcome]
    figures: dict[str, Share | Macro]

    @property
    def n(self) -> int:
        """How many records."""
        return len(self.members)

    @property
    def title(self) -> str:
        """The group in words."""
        return " · ".join(part for part in (self.file, self.language, self.variant) if part)


def figures(outcomes: Sequence[Outcome]) -> dict[str, Share | Macro]:
    """All figures over the outcomes, by name."""
    found: dict[str, Share | Macro] = {}
    for name, (belongs, counts) in SHARES.items():
        members = [outcome for outcome in outcomes if belongs(outcome)]
        found[name] = Share(sum(counts(outcome) for outcome in members), len(members))
        if name == "intent accuracy":
            found["intent macro-F1"] = macro_f1([pair(outcome) for outcome in outcomes])
    return found


def pair(outcome: Outcome) -> tuple[str, str]:
    """Expected and said intent; an intent that is accepted too counts as the expected one."""
    said = outcome.intent or "(none)"
    return (said if outcome.intent_right else outcome.record.intent), said


@dataclass(frozen=True, slots=True)
class IntentFigures:
    """How one intent fares: `found` of those expected, `right` of those said."""

    intent: str
    found: Share
    right: Share
    f1: float


def by_intent(outcomes: Sequence[Outcome]) -> list[IntentFigures]:
    """Every intent that was expected or said, in the order of its name."""
    pairs = [pair(outcome) for outcome in outcomes]
    expected, said = Counter(wanted for wanted, _ in pairs), Counter(given for _, given in pairs)
    hits = Counter(wanted for wanted, given in pairs if wanted == given)
    return [
        IntentFigures(intent, Share(hits[intent], expected[intent]), Share(hits[intent], said[intent]), f1)
        for intent, f1 in f1_by_label(pairs).items()
    ]


@dataclass(frozen=True, slots=True)
class Speed:
    """Milliseconds of our components over n messages (nearest rank)."""

    n: int
    p50: float | None
    p95: float | None

    def to_dict(self) -> dict[str, float | int | None]:
        """JSON."""
        return {"n": self.n, "p50": self.p50, "p95": self.p95}


def speed(outcomes: Sequence[Outcome]) -> dict[str, Speed]:
    """For all messages, for those that the encoder was asked about, and for the others."""
    kinds = {
        "all": list(outcomes),
        "without encoder": [one for one in outcomes if not one.encoded],
        "with encoder": [one for one in outcomes if one.encoded],
    }
    made = {}
    for name, members in kinds.items():
        times = sorted(one.understanding_ms for one in members)
        late = times[min(len(times) - 1, int(len(times) * 0.95))] if times else None
        middle = times[len(times) // 2] if times else None
        made[name] = Speed(len(times), middle, late)
    return made


def groups(outcomes: Sequence[Outcome]) -> Iterator[Group]:
    """All records, Vietnamese and English together, each language and variant; then the same in each file.

    A group that would repeat the one above it is left out.
    """
    files = list(dict.fromkeys(one.record.file for one in outcomes))
    if len(files) > 1:
        yield from _inside("all", outcomes)
    elif {"vi", "en"} < {one.record.language for one in outcomes}:
        yield _group("all", "vi+en", "", outcomes)
    for file in files:
        yield from _inside(file, [one for one in outcomes if one.record.file == file])


def _inside(file: str, outcomes: Sequence[Outcome]) -> Iterator[Group]:
    kinds = sorted({(one.record.language, one.record.variant) for one in outcomes})
    languages = sorted({language for language, _ in kinds})
    if len(kinds) > 1 or file == "all":
        yield _group(file, "", "", outcomes)
    if file == "all" and {"vi", "en"} < set(languages):
        yield _group(file, "vi+en", "", outcomes)
    for language in languages:
        variants = [variant for spoken, variant in kinds if spoken == language]
        if len(variants) > 1 and len(languages) > 1:
            yield _group(file, language, "", outcomes)
        for variant in variants:
            yield _group(file, language, variant, outcomes)


def _group(file: str, language: str, variant: str, outcomes: Sequence[Outcome]) -> Group:
    members = [
        one
        for one in outcomes
        if (not language or one.record.language in language.split("+"))
        and variant in ("", one.record.variant)
    ]
    return Group(file, language, variant, members, figures(members))
