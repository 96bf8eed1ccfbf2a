"""What a candidate changes: two evaluations of the same messages and the story tests, as the console shows
them. Messages of the living test set are named by their row only, since staff may take them back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.comparison import Difference, Pair, compare
from bot.measures import LOWER_IS_BETTER, NEUTRAL, SHARES, by_intent, pair
from bot.statistics import mcnemar
from bot.story_check import Played
from troly import masking
from troly.statistics import Share

LIVING = "living.jsonl"
GATES = (
    "intent accuracy",
    "recall@1",
    "language right",
    "false answers out of scope",
    "in scope but rejected",
)
"""A candidate that is significantly worse in one of these, in one of the sets, is worse."""
_SHOWN = 200
"""Changed messages of a set that are kept."""


def result(
    current: Path, candidate: Path, stories: Sequence[Played] | None, known_broken: Sequence[str]
) -> dict[str, Any]:
    """From the folders' evaluation.json; `known_broken` are stories that fail with the current model too."""
    found: dict[str, Any] = {"sets": [], "stories": _stories(stories, known_broken)}
    if (current / "evaluation.json").is_file() and (candidate / "evaluation.json").is_file():
        pairs = compare(current / "evaluation.json", candidate / "evaluation.json").pairs
        for file in dict.fromkeys(one[1].record.file for one in pairs):
            found["sets"].append(_set(file, [one for one in pairs if one[1].record.file == file]))
    found["verdict"] = verdict(found["sets"])
    return found


def verdict(sets: Sequence[dict[str, Any]]) -> str:
    """better, same or worse; "" where nothing was measured."""
    if not sets:
        return ""
    said = {
        figure["verdict"]
        for one in sets
        for figure in one["figures"]
        if figure["name"] in (*GATES, "understood")
    }
    return "worse" if "worse" in said else "better" if "better" in said else "same"


def _stories(played: Sequence[Played] | None, known: Sequence[str]) -> dict[str, Any] | None:
    if played is None:
        return None
    failed = [one for one in played if not one.passed]
    return {
        "n": len(played),
        "passed": len(played) - len(failed),
        "broken": [{"story": one.story, "turn": one.turn, "why": one.why}
                   for one in failed if one.story not in known],
        "broken_before": [one.story for one in failed if one.story in known],
    }  # fmt: skip


def _set(file: str, pairs: Sequence[Pair]) -> dict[str, Any]:
    after = [second for _, second in pairs]
    before = [first for first, _ in pairs]
    return {
        "name": "living" if file == LIVING else "project",
        "n": len(pairs),
        "figures": [_understood(pairs), *(one for name in SHARES if (one := _figure(name, pairs)))],
        "intents": _intents(pairs),
        "confusion": {"current": _confusion(before), "candidate": _confusion(after)},
        "changed": _changed(pairs),
        "counts": {
            "mended": sum(bool(a.faults) and not b.faults for a, b in pairs),
            "broken": sum(bool(b.faults) and not a.faults for a, b in pairs),
        },
    }


def _understood(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Messages in which nothing went wrong at all."""
    n = len(pairs)
    gained = sum(bool(a.faults) and not b.faults for a, b in pairs)
    lost = sum(bool(b.faults) and not a.faults for a, b in pairs)
    p = mcnemar(gained, lost)
    return {
        "name": "understood",
        "current": Share(sum(not a.faults for a, _ in pairs), n).to_dict(),
        "candidate": Share(sum(not b.faults for _, b in pairs), n).to_dict(),
        "gained": gained,
        "lost": lost,
        "p": p,
        "verdict": "" if p >= 0.05 else "better" if gained > lost else "worse",
        "lower_is_better": False,
        "neutral": False,
    }


def _figure(name: str, pairs: Sequence[Pair]) -> dict[str, Any] | None:
    belongs, counts = SHARES[name]
    first, second = ([one[side] for one in pairs if belongs(one[side])] for side in (0, 1))
    if not first and not second:
        return None
    both = [one for one in pairs if belongs(one[0]) and belongs(one[1])]
    difference = Difference(
        "",
        name,
        Share(sum(map(counts, first)), len(first)),
        Share(sum(map(counts, second)), len(second)),
        tuple(one for one in both if counts(one[1]) and not counts(one[0])),
        tuple(one for one in both if counts(one[0]) and not counts(one[1])),
    )
    return {
        "name": name,
        "current": difference.first.to_dict(),
        "candidate": difference.second.to_dict(),
        "gained": len(difference.gained),
        "lost": len(difference.lost),
        "p": difference.p,
        "verdict": difference.verdict,
        "lower_is_better": name in LOWER_IS_BETTER,
        "neutral": name in NEUTRAL,
    }


def _intents(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    sides = [{one.intent: one for one in by_intent([pair[side] for pair in pairs])} for side in (0, 1)]
    rows = []
    for intent in sorted(set(sides[0]) | set(sides[1])):
        mine = [(a, b) for a, b in pairs if b.record.intent == intent]
        row: dict[str, Any] = {
            "intent": intent,
            "gained": sum(b.intent_right and not a.intent_right for a, b in mine),
            "lost": sum(a.intent_right and not b.intent_right for a, b in mine),
        }
        for name, side in zip(("current", "candidate"), sides, strict=True):
            one = side.get(intent)
            row[name] = {"f1": one.f1, "found": one.found.to_dict()} if one else None
        rows.append(row)
    return rows


def _confusion(outcomes: Sequence[Any]) -> list[list[Any]]:
    """[expected, said, how many], of what was said wrongly or rightly; expected and said intents only."""
    counts = Counter(pair(one) for one in outcomes)
    return [[wanted, given, number] for (wanted, given), number in sorted(counts.items())]


def _changed(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    kinds: dict[str, list[dict[str, Any]]] = {"broken": [], "mended": [], "otherwise": []}
    for before, after in pairs:
        said = [_said(before), _said(after)]
        if said[0] == said[1]:
            continue
        kind = (
            "broken" if after.faults and not before.faults
            else "mended" if before.faults and not after.faults
            else "otherwise"
        )  # fmt: skip
        record = after.record
        kinds[kind].append(
            {
                "kind": kind,
                "id": record.id,
                "text": None if record.file == LIVING else masking.mask(record.text),
                "intent": record.intent,
                "procedures": list(record.procedures[:3]),
                "current": said[0],
                "candidate": said[1],
                "faults": after.faults,
            }
        )
    return [one for members in kinds.values() for one in members][:_SHOWN]


def _said(outcome: Any) -> dict[str, Any]:
    """What a model made of a message, without what changes by a hair in every training."""
    return {
        "intent": outcome.intent,
        "decision": outcome.decision,
        "procedure": outcome.codes[0] if outcome.codes and outcome.decision != "none" else "",
        "language": outcome.parsed.get("language"),
    }
