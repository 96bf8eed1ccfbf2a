"""Plays dialogues over the public API and compares every answer with what was expected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from channels.base import AnswerStatus
from channels.dialogues import Dialogue, Expected, picked
from channels.public_api import Exchange, Talk, code_of

STATUSES = frozenset(get_args(AnswerStatus))
_OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was compared."""

    name: str
    expected: str
    got: str
    right: bool


@dataclass(frozen=True, slots=True)
class Played:
    """One turn as it went. `unanswered` says why it counts as not answered; empty when it was."""

    user: str
    exchange: Exchange
    unanswered: str
    checks: tuple[Check, ...]

    @property
    def right(self) -> bool:
        """Answered, and nothing differed."""
        return not self.unanswered and all(check.right for check in self.checks)

    @property
    def answer(self) -> dict[str, Any]:
        """The answer record; {} where there is none."""
        return (self.exchange.answers or [{}])[-1]


@dataclass(frozen=True, slots=True)
class PlayedDialogue:
    """A whole dialogue as it went."""

    dialogue: Dialogue
    turns: tuple[Played, ...]

    @property
    def right(self) -> bool:
        """Every turn was right."""
        return all(turn.right for turn in self.turns)


def play(dialogue: Dialogue, open_talk: Callable[[], Talk]) -> PlayedDialogue:
    """Play the dialogue as a fresh conversation. Raises TrolyError when the gateway is away."""
    turns: list[Played] = []
    with open_talk() as talk:
        before = talk.begin(dialogue.language if dialogue.language in ("vi", "en") else None)
        for step in dialogue.steps:
            exchange = talk.say(step.user)
            turns.append(judge(step.user, step.expected, exchange, before))
            before = exchange
    return PlayedDialogue(dialogue, tuple(turns))


def judge(user: str, expected: Expected, exchange: Exchange, before: Exchange) -> Played:
    """Compare one exchange with what was expected; `before` is the one that may have offered a list."""
    unanswered = _unanswered(exchange)
    checks = list(_checks(user, expected, exchange, before))
    if unanswered:
        checks = [Check(check.name, check.expected, check.got, False) for check in checks]
    return Played(user, exchange, unanswered, tuple(checks))


def _unanswered(exchange: Exchange) -> str:
    if exchange.refused:
        return exchange.refused
    if not any(str(reply.get("text") or "").strip() for reply in exchange.replies):
        return "no reply with text"
    if len(exchange.answers) != 1:
        return f"{len(exchange.answers)} answer records instead of one"
    status = exchange.answers[0].get("status")
    return "" if status in STATUSES else f"unknown status {status}"


def _checks(user: str, expected: Expected, exchange: Exchange, before: Exchange) -> Iterator[Check]:
    answer = (exchange.answers or [{}])[-1]
    asks_back = answer.get("status") == "clarify"
    if answer.get("status") == "error":
        yield Check("status", "an answer", "error", False)
    if expected.intents:
        yield _one_of("intent", expected.intents, answer.get("intent"))
    if expected.procedures is not None:
        yield _procedure(expected.procedures, answer, choices(exchange))
    elif (number := _picked(user, expected)) is not None and (offered := choices(before)):
        yield _taken(number, offered, answer.get("procedure_code"))
    if expected.aspects:
        check = _one_of("aspect", expected.aspects, answer.get("aspect"))
        yield Check("aspect", check.expected, "asked back", True) if asks_back else check
    if expected.language:
        yield _one_of("language", (expected.language,), answer.get("language"))
    if expected.application_code:
        yield _one_of("application_code", (expected.application_code,), answer.get("application_code"))


def _picked(user: str, expected: Expected) -> int | None:
    """Which of a list the words take; none where they say something else ("Last: what about the weather")."""
    return None if _OUT_OF_SCOPE in expected.intents else picked(user)


def choices(exchange: Exchange) -> list[str]:
    """The procedure codes that a clarifying answer offers, in order; [] where it is none."""
    if not any(answer.get("status") == "clarify" for answer in exchange.answers):
        return []
    return [code for button in exchange.buttons if (code := code_of(button.get("payload", "")))]


def _one_of(name: str, accepted: Sequence[str], got: Any) -> Check:
    return Check(name, " or ".join(accepted), str(got), got in accepted)


def _procedure(accepted: Sequence[str], answer: dict[str, Any], offered: Sequence[str]) -> Check:
    got = answer.get("procedure_code")
    if not accepted:
        return Check("procedure", "none", str(got), got is None)
    wanted = " or ".join(accepted)
    if offered:
        return Check(
            "procedure", wanted, f"a choice of {', '.join(offered)}", bool(set(offered) & set(accepted))
        )
    return Check("procedure", wanted, str(got), got in accepted)


def _taken(number: int, offered: Sequence[str], got: Any) -> Check:
    if not -len(offered) <= number <= len(offered):
        return Check("procedure", f"none: {number} of {len(offered)} choices", str(got), got is None)
    wanted = offered[number if number < 0 else number - 1]
    return Check("procedure", f"{wanted} (choice {number})", str(got), got == wanted)
