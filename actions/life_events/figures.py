"""What the procedures of a kept checklist cost and how long they take, as the plan told it."""

from __future__ import annotations

from typing import Any

from rasa_sdk.executor import CollectingDispatcher

from actions.life_events import texts
from actions.life_events.store import Kept
from actions.speech import Button, say
from actions.turn import payload


def tell(dispatcher: CollectingDispatcher, kept: Kept) -> None:
    """Each procedure with its fee and time, the sum, and the one that takes longest."""
    content, steps = kept.content, kept.content["steps"]
    slowest = content["slowest"]
    low, high = content["total"]
    say(
        dispatcher,
        "life_sums",
        status="answered",
        choices=[
            Button(
                title={"response": "button_life_papers"},
                payload=payload("life_checklist", checklist=kept.id),
            )
        ],
        record={"sources": sources(kept)},
        title=dict(content["title"]),
        steps=[_line(number, step) for number, step in enumerate(steps, 1)],
        total=texts.sum_of(low, high, content["counted"], content["missing"]),
        slowest={
            "response": "label_life_slowest",
            "number": slowest,
            "time": _time(steps[slowest - 1]["time"]),
        }
        if slowest and len(steps) > 1
        else "",
        date={"date": min(step["as_of"] for step in steps)},
    )


def sources(kept: Kept) -> list[dict[str, str]]:
    """The records of its procedures."""
    steps = kept.content["steps"]
    return [{"title": step["title"]["vi"], "url": step["url"], "as_of": step["as_of"]} for step in steps]


def _line(number: int, step: dict[str, Any]) -> Any:
    low, high = step["fee"]
    return {
        "response": "label_life_figures",
        "number": number,
        "name": dict(step["title"]),
        "time": _time(step["time"]),
        # The record may speak of money without a fixed amount; which, the procedure tells.
        "fee": texts.fee_of(low, high, noted=step["fee_noted"]) or {"response": "label_life_no_fixed_fee"},
    }


def _time(time: dict[str, Any]) -> Any:
    if not time:
        return {"response": "label_life_not_stated"}
    if "text" in time:
        return {"official": time["text"]}
    return {"response": f"unit_{time['unit']}", "count": time["count"]}
