"""An evaluation as JSON: everything that the page shows, and enough to judge or compare it again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.calibration import curves
from bot.labelled import BadLine, Record
from bot.measures import Group, Outcome, by_intent, speed
from bot.statistics import Macro
from troly.errors import UsageError
from troly.statistics import Share

SEEN = (
    "text_normalized", "text_restored", "procedure_mention", "procedure_certainty", "encoded", "ms",
    "entities",
)  # fmt: skip
"""What the pipeline saw on its way, kept for those who read a failure."""


def report(
    found: Sequence[Group],
    outcomes: Sequence[Outcome],
    bad: Sequence[BadLine],
    made_at: str,
    model: Mapping[str, Any],
) -> dict[str, Any]:
    """The whole report, JSON-safe."""
    return {
        "made_at": made_at,
        "model": dict(model),
        "records": len(outcomes),
        "milliseconds": {name: one.to_dict() for name, one in speed(outcomes).items()},
        "groups": [
            {
                "file": group.file,
                "language": group.language,
                "variant": group.variant,
                "records": group.n,
                "figures": {name: figure.to_dict() for name, figure in group.figures.items()},
            }
            for group in found
        ],
        "intents": {
            one.intent: {"found": one.found.to_dict(), "right": one.right.to_dict(), "f1": one.f1}
            for one in by_intent(outcomes)
        },
        "calibration": [curve.to_dict() for curve in curves(outcomes)],
        "bad_lines": [str(line) for line in bad],
        "outcomes": [_stated(outcome) for outcome in outcomes],
    }


def read_report(path: Path) -> tuple[dict[str, Any], list[Outcome]]:
    """The report and its outcomes. Raises UsageError where the file is no report of `troly evaluate`."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        outcomes = [_outcome(stated) for stated in content["outcomes"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: no report of `troly evaluate` ({type(error).__name__}: {error})") from None
    return content, outcomes


def shown(figure: Share | Macro) -> str:
    """A figure for people, with its n and its interval."""
    if isinstance(figure, Macro):
        return f"{figure.value:.1%} (over {figure.n}, 95% {figure.low:.1%}–{figure.high:.1%})"
    return str(figure)


def _stated(outcome: Outcome) -> dict[str, Any]:
    record, parsed = outcome.record, outcome.parsed
    return {
        "file": record.file,
        "id": record.id,
        "text": record.text,
        "expected": {
            "language": record.language,
            "variant": record.variant,
            "intents": record.intents,
            "procedures": record.procedures,
            "strict": record.strict,
            "application_code": record.application_code,
        },
        "got": {
            "language": parsed.get("language"),
            "intent": outcome.intent,
            "confidence": outcome.confidence,
            "intent_ranking": (parsed.get("intent_ranking") or [])[:3],
            "procedures": (parsed.get("procedures") or [])[:5],
            "procedure_decision": outcome.decision,
            "application_code": parsed.get("application_code"),
            **{name: parsed.get(name) for name in SEEN},
        },
        "milliseconds": round(outcome.milliseconds, 2),
        "faults": outcome.faults,
        "error": outcome.error,
    }


def _outcome(stated: Mapping[str, Any]) -> Outcome:
    expected, got = stated["expected"], stated["got"]
    record = Record(
        file=stated["file"],
        id=stated["id"],
        text=stated["text"],
        language=expected["language"],
        variant=expected["variant"],
        intents=tuple(expected["intents"]),
        procedures=tuple(expected["procedures"]),
        strict=expected["strict"],
        application_code=expected["application_code"],
    )
    parsed = {**got, "intent": {"name": got["intent"], "confidence": got["confidence"]}}
    return Outcome(record, parsed, float(stated["milliseconds"]), stated["error"])
