"""What can be said of a message, and what it means for the assistant's answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.errors import Invalid
from console.review.known import GENERAL, OUT_OF_SCOPE, Known
from troly.text import clean, squeeze

RIGHT, INTENT, PROCEDURE, NEW_INTENT, UNSURE = "right", "intent", "procedure", "new_intent", "unsure"
VERDICTS = (RIGHT, INTENT, PROCEDURE, OUT_OF_SCOPE, NEW_INTENT, UNSURE)

FIRST, SECOND, SETTLED = "first", "second", "settled"

_NAME, _NOTE = 120, 500


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's word on some messages."""

    verdict: str
    intent: str | None = None
    """Another than the assistant's; for new_intent the name that is proposed."""
    procedure_code: str | None = None
    name: str | None = None
    """What citizens call the procedure, where it is not the message itself."""
    note: str = ""

    @classmethod
    def read(cls, form: Mapping[str, Any], data: Known) -> Decision:
        """From a form. Raises Invalid."""

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
            return cls(verdict, intent, code, given("name", _NAME))
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
