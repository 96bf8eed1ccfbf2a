"""What the citizen's latest message says, read from the tracker."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from rasa_sdk import Tracker

from troly.text import fold

ASPECTS = {
    "ask_procedure": "overview",
    "ask_documents": "documents",
    "ask_fee": "fee",
    "ask_processing_time": "processing_time",
    "ask_place": "place",
    "ask_steps": "steps",
    "ask_requirements": "requirements",
    "ask_legal_basis": "legal_basis",
    "ask_form": "form",
    "ask_result": "result",
    "ask_online": "online",
}
"""The eleven intents about a procedure and the aspect that each asks about."""

_HOW = re.compile(
    r"\b(?:lam sao|(?<!thi )sao|(?:nhu )?the nao|ntn|nhu nao|kieu gi|ra sao|(?:phai|can) lam gi|thu tuc gi"
    r"|how (?:do|does|can|should|to)|what (?:do|does|should|must) \w+ (?:\w+ )?do|(?:which|what) procedure"
    r"|what is the procedure|where do (?:i|we) start|can (?:i|we|he|she|they))\b"
)
"""What asks for the whole procedure; "còn … thì sao" and "what about …" ask the same of another one."""

_SIGNS = re.compile(r"[^\w]+")

_GUESSED = 0.4
"""An aspect that is less likely is guessed: in a bare name, one of eleven must come first."""

_UNSURE = 0.6
"""A wish for a procedure that is less likely, and names none, may be anything."""

INTENTS = {aspect: intent for intent, aspect in ASPECTS.items()}


@dataclass(frozen=True)
class Candidate:
    """A procedure that the finder proposes, with its score (higher is better)."""

    code: str
    name: str
    score: float


@dataclass(frozen=True)
class Turn:
    """One message as understood, and what the conversation remembers."""

    intent: str
    text: str
    pressed: bool
    entities: dict[str, Any] = field(default_factory=dict)
    candidates: tuple[Candidate, ...] = ()
    decision: str = "none"
    mention: float = 0.0
    change: float = 0.0
    focus: str | None = None
    focus_aspect: str | None = None
    choices: tuple[dict[str, Any], ...] = ()
    foreigner: bool = False
    """Whether the message names one."""
    confidence: float = 1.0
    """Of the intent."""
    follow_up: str = ""
    """The intent by which a message out of scope may go on with what was talked of."""

    @property
    def words(self) -> str:
        """The text without marks and signs, its words one space apart."""
        return _SIGNS.sub(" ", fold(self.text)).strip()

    @property
    def aspect(self) -> str:
        """The aspect asked about.

        A message that only names the procedure answers "which procedure?" and keeps the aspect of the
        question before it; a question of its own that names no aspect asks for the overview.
        """
        asked = ASPECTS.get(self.intent, "overview")
        if self.focus is not None or not self.focus_aspect or self.pressed:
            return asked
        meant = _asks_how(self.text) if asked == "overview" else self.confidence >= _GUESSED
        return asked if meant else self.focus_aspect


def read(tracker: Tracker) -> Turn:
    """The latest turn. A pressed button says all in its payload: the finder's view of it is noise."""
    latest = tracker.latest_message
    text = str(latest.get("text") or "")
    pressed = text.startswith("/")
    entities = {entity["entity"]: entity["value"] for entity in reversed(latest.get("entities") or [])}
    found = [] if pressed else latest.get("procedures") or []
    choices = tracker.get_slot("choices")
    return Turn(
        intent=str((latest.get("intent") or {}).get("name") or ""),
        text=text,
        pressed=pressed,
        entities=entities,
        candidates=tuple(
            Candidate(item["code"], item.get("name", ""), float(item["score"])) for item in found
        ),
        decision="none" if pressed else str(latest.get("procedure_decision") or "none"),
        mention=0.0 if pressed else float(latest.get("procedure_mention") or 0.0),
        change=0.0 if pressed else float(latest.get("procedure_change") or 0.0),
        focus=tracker.get_slot("procedure_code"),
        focus_aspect=tracker.get_slot("aspect"),
        choices=tuple(choices) if isinstance(choices, list) else (),
        foreigner=not pressed and bool(latest.get("foreigner")),
        confidence=float((latest.get("intent") or {}).get("confidence", 1.0)),
        follow_up="" if pressed else str(latest.get("follow_up") or ""),
    )


def carried_on(turn: Turn) -> Turn | None:
    """A message out of scope as the question about what is talked of that it may be; or None."""
    if not turn.follow_up or not (turn.focus or turn.choices):
        return None
    return replace(turn, intent=turn.follow_up, decision="none", candidates=())


def _asks_how(text: str) -> bool:
    return _HOW.search(fold(text)) is not None


def misses(turn: Turn, intent: str) -> bool:
    """Whether a message that gave a form nothing is a failed answer to it, not another question.

    `intent` is the one that opens the form.
    """
    if turn.pressed:
        return False
    # A bare word that nobody knows passes for the name of a procedure; no procedure has it.
    nothing = turn.intent == "ask_procedure" and turn.confidence < _UNSURE and not turn.candidates
    return nothing or turn.intent in (intent, "out_of_scope")


def already_answered(tracker: Tracker) -> bool:
    """Whether something was said since the citizen's latest message."""
    for event in reversed(tracker.events):
        if event.get("event") in ("bot", "user"):
            return bool(event["event"] == "bot")
    return False


def done_before(tracker: Tracker) -> str:
    """The last action of the assistant's before the citizen's latest message; "" where there is none."""
    events = iter(reversed(tracker.events))
    for event in events:
        if event.get("event") == "user":
            break
    for event in events:
        if event.get("event") == "user":
            break
        if event.get("event") == "action" and event.get("name") != "action_listen":
            return str(event["name"])
    return ""


def payload(intent: str, **entities: Any) -> str:
    """The message that a button sends: /intent{"entity": value}."""
    return f"/{intent}{json.dumps(entities, ensure_ascii=False)}" if entities else f"/{intent}"
