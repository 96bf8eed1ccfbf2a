"""How played dialogues are told: a line a turn, totals with intervals, and a JSON report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import quantiles
from typing import Any

from channels.converse import Played, PlayedDialogue
from troly.clock import now
from troly.statistics import Share

CHECKS = ("intent", "procedure", "aspect", "language", "application_code")


def dialogue_lines(played: PlayedDialogue) -> Iterator[str]:
    """The dialogue's id, then each turn: ok, or what differed."""
    yield f"{played.dialogue.id} ({played.dialogue.language})"
    for number, turn in enumerate(played.turns, 1):
        verdict = "ok" if turn.right else "NO ANSWER" if turn.unanswered else "differs"
        yield f"  {number:>2} {verdict:<9} {turn.user}"
        if turn.unanswered:
            yield f"       {turn.unanswered}"
        for check in turn.checks:
            if not check.right and not turn.unanswered:
                yield f"       {check.name}: expected {check.expected}, got {check.got}"


def totals(played: Sequence[PlayedDialogue]) -> dict[str, Share]:
    """Named shares: of turns answered and right, of each thing compared, of whole dialogues right."""
    turns = [turn for one in played for turn in one.turns]
    found = {
        "turns answered": _share(not turn.unanswered for turn in turns),
        "turns right": _share(turn.right for turn in turns),
    }
    for name in CHECKS:
        found[f"{name} right"] = _share(
            check.right for turn in turns for check in turn.checks if check.name == name
        )
    found["dialogues right"] = _share(one.right for one in played)
    return found


def total_lines(played: Sequence[PlayedDialogue]) -> Iterator[str]:
    """The totals for people, and how long turns took."""
    for name, share in totals(played).items():
        yield f"{name:<24} {share}"
    middle, late = _latency([turn for one in played for turn in one.turns])
    yield f"{'seconds for a turn':<24} p50 {middle:.2f}, p95 {late:.2f}"


def report(played: Sequence[PlayedDialogue], source: str) -> dict[str, Any]:
    """Everything as JSON: totals, and every turn with what was expected and what came."""
    turns = [turn for one in played for turn in one.turns]
    middle, late = _latency(turns)
    return {
        "made_at": now().isoformat(timespec="seconds"),
        "source": source,
        "totals": {name: share.to_dict() for name, share in totals(played).items()},
        "seconds": {"p50": middle, "p95": late},
        "dialogues": [
            {
                "id": one.dialogue.id,
                "language": one.dialogue.language,
                "right": one.right,
                "turns": [
                    _turn(turn, step.expected.must_not)
                    for turn, step in zip(one.turns, one.dialogue.steps, strict=True)
                ],
            }
            for one in played
        ],
    }


def _turn(turn: Played, must_not: str) -> dict[str, Any]:
    return {
        "user": turn.user,
        "right": turn.right,
        "unanswered": turn.unanswered,
        "checks": [
            {"name": check.name, "expected": check.expected, "got": check.got, "right": check.right}
            for check in turn.checks
        ],
        "must_not": must_not,
        "seconds": round(turn.exchange.seconds, 3),
        "answer": turn.answer,
        "replies": [str(reply.get("text") or "") for reply in turn.exchange.replies],
        "buttons": turn.exchange.buttons,
    }


def _share(outcomes: Iterable[bool]) -> Share:
    listed = list(outcomes)
    return Share(sum(listed), len(listed))


def _latency(turns: Sequence[Played]) -> tuple[float, float]:
    seconds = sorted(turn.exchange.seconds for turn in turns)
    if len(seconds) < 2:
        return (seconds or [0.0])[0], (seconds or [0.0])[-1]
    cuts = quantiles(seconds, n=20, method="inclusive")
    return cuts[9], cuts[18]
