"""What can be said of a message, and what it means for the assistant's answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from console.errors import Invalid
from console.review.known import GENERAL, OUT_OF_SCOPE, Known
from troly import masking
from troly.learning import folded
from troly.text import clean, squeeze

RIGHT, INTENT, PROCEDURE, NEW_INTENT, UNSURE = "right", "intent", "procedure", "new_intent", "unsure"
VERDICTS = (RIGHT, INTENT, PROCEDURE, OUT_OF_SCOPE, NEW_INTENT, UNSURE)

FIRST, SECOND, SETTLED = "first", "second", "settled"

_NAME, _NOTE = 120, 500
_NAMES = 8
"""Of one decision."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's word on some messages."""

    verdict: str
    intent: str | None = None
    """Another than the assistant's; for new_intent the name that is proposed."""
    procedure_code: str | None = None
    names: tuple[str, ...] | None = None
    """What citizens call the procedure; None where nobody was asked, so that the messages decide."""
    note: str = ""

    @classmethod
    def read(cls, form: Any, data: Known) -> Decision:
        """From a form (a multi-dict). Raises Invalid."""

        def given(field: str, most: int) -> str | None:
            return squeeze(clean(str(form.get(field) or "")))[:most] or None

        intent, code = given("intent", 80), given("procedure", 64)
        proposed, note = given("new_intent", 80), given("note", _NOTE)
        verdict = str(form.get("verdict") or "")
        if verdict == "chosen":  # the Enter key in one of the fields
            verdict = NEW_INTENT if proposed else PROCEDURE if code else INTENT if intent else ""
        if verdict not in VERDICTS:
            raise Invalid("review.nothing_chosen")
        if verdict == INTENT and not intent:
            raise Invalid("review.intent_missing")
        if intent and verdict in (INTENT, PROCEDURE) and intent not in data.intents:
            raise Invalid("review.intent_unknown")
        if verdict == PROCEDURE and not code:
            raise Invalid("review.procedure_missing")
        if verdict == NEW_INTENT and not (proposed and note):
            raise Invalid("review.proposal_incomplete")
        if verdict == NEW_INTENT:
            return cls(verdict, proposed, note=note or "")
        if verdict == INTENT:
            return cls(verdict, intent)
        if verdict == PROCEDURE:
            return cls(verdict, intent, code, _names(form))
        return cls(verdict)

    def meaning(self, item: Any, data: Known) -> tuple[str | None, str | None]:
        """(intent, procedure) that the message has by this decision."""
        if self.verdict == RIGHT:
            return item.intent, item.procedure_code
        if self.verdict == OUT_OF_SCOPE:
            return OUT_OF_SCOPE, None
        if self.verdict == INTENT:
            needs = self.intent in data.intents and data.intents[str(self.intent)].needs_procedure
            return self.intent, item.procedure_code if needs else None
        if self.verdict == PROCEDURE:
            understood = data.intents.get(item.intent or "")
            fitting = item.intent if understood and understood.needs_procedure else GENERAL
            return self.intent or fitting, self.procedure_code
        return self.intent, None


def _names(form: Any) -> tuple[str, ...] | None:
    """Those that were ticked, and those that were written, which semicolons part. Raises Invalid."""
    written = [name for one in form.getlist("name") for name in str(one).split(";")]
    ticked = [str(one) for one in form.getlist("names")]
    names = [squeeze(clean(name))[:_NAME] for name in [*written, *ticked][: 2 * _NAMES]]
    if any(masking.find(name) for name in names):
        raise Invalid("review.name_personal")
    by_key: dict[str, str] = {}
    for name in names:
        by_key.setdefault(folded(name), name)
    by_key.pop("", None)
    kept = tuple(by_key.values())[:_NAMES]
    return kept if kept or form.get("offered") else None


def names_in(stored: str | None) -> list[str]:
    """The names of a label."""
    return [name for name in (stored or "").split("\n") if name]


def category(verdict: str, intent: str | None, procedure: str | None) -> str:
    """What two people are compared by: they agree where theirs are equal."""
    if verdict in (UNSURE, NEW_INTENT):
        return verdict
    return f"{intent or ''}|{procedure or ''}"


def answer_of(item: Any, verdict: str, intent: str | None, procedure: str | None) -> str:
    """right, wrong or unsure: whether the assistant had understood it so."""
    if verdict == UNSURE:
        return "unsure"
    same = category(verdict, intent, procedure) == category(RIGHT, item.intent, item.procedure_code)
    return "right" if verdict == RIGHT or same else "wrong"
