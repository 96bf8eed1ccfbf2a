"""The papers of a life event, ticked off in the conversation."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.life_events import figures, hearing, store
from actions.life_events.store import Kept
from actions.ratings import offer
from actions.speech import Button, say
from actions.turn import Turn, payload, read
from actions.values import shorten
from troly.text import fold

PAPERS_PER_PAGE = 6
_TITLE_LENGTH = 48


class ActionLifeChecklist(Action):
    """Shows the papers that are still missing; ticks one off, or puts it back."""

    def name(self) -> str:
        return "action_life_checklist"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        identity = str(turn.entities.get("checklist") or tracker.get_slot("checklist") or "")
        kept = await store.find(tracker.sender_id, identity) if identity else None
        if kept is None:
            say(dispatcher, "no_checklist", status="not_found", choices=[_events_button()])
            return [SlotSet("checklist", None)]
        number = _whole(turn.entities.get("paper"))
        if number:
            done = str(turn.entities.get("ticked") or "yes") != "no"
            kept = await store.tick(tracker.sender_id, kept, number, done=done)
        page = _whole(turn.entities.get("page")) or 1
        return [SlotSet("checklist", kept.id), *show(dispatcher, tracker, kept, page, number)]


async def ticked_off(
    dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn
) -> list[EventType] | None:
    """Answers "đã có giấy chứng sinh", "còn thiếu gì", "gửi em bản pdf", and which papers, how much and how
    long after a plan of several procedures, while a checklist is kept; None for all else."""
    identity = str(tracker.get_slot("checklist") or "")
    if turn.pressed or not identity:
        return None
    words = fold(turn.text).strip(" .!")
    shown = hearing.asks_for_list(words, of_one=turn.focus is not None)
    summed = not shown and hearing.asks_for_sums(words, of_one=turn.focus is not None)
    claimed = None if shown or summed else hearing.claimed(words)
    if not (shown or summed or claimed):
        return None
    kept = await store.find(tracker.sender_id, identity)
    if kept is None:
        return None
    if summed:
        figures.tell(dispatcher, kept)
        return []
    if claimed:
        number = hearing.which(kept, claimed)
        if number is None:
            return None
        kept = await store.tick(tracker.sender_id, kept, number, done=True)
        return show(dispatcher, tracker, kept, ticked=number)
    return show(dispatcher, tracker, kept)


def show(
    dispatcher: CollectingDispatcher,
    tracker: Tracker,
    kept: Kept,
    page: int = 1,
    ticked: int | None = None,
) -> list[EventType]:
    """A page of the papers that are missing, each with a button that ticks it off.

    On the last page, and when nothing is missing, the rating is offered.
    """
    missing = [(number, paper) for number, paper in enumerate(kept.papers, 1) if not paper["done"]]
    pages = max(-(-len(missing) // PAPERS_PER_PAGE), 1)
    page = min(max(page, 1), pages)
    shown = missing[(page - 1) * PAPERS_PER_PAGE : page * PAPERS_PER_PAGE]
    choices = [_have(kept, number, paper) for number, paper in shown]
    if page < pages:
        more = payload("life_checklist", checklist=kept.id, page=str(page + 1))
        choices.append(Button(title={"response": "button_more"}, payload=more))
    if ticked and kept.papers[ticked - 1 : ticked] and kept.papers[ticked - 1]["done"]:
        back = payload("life_checklist", checklist=kept.id, paper=str(ticked), ticked="no")
        choices.append(Button(title={"response": "button_life_untick", "number": ticked}, payload=back))
    rate, remembered = offer(tracker, "life_event") if page == pages else ([], [])
    choices += rate
    say(
        dispatcher,
        "life_checklist" if missing else "life_checklist_done",
        status="answered",
        choices=choices,
        links=[{"title": {"response": "link_checklist"}, "url": kept.url}],
        record={"sources": figures.sources(kept)},
        title=dict(kept.content["title"]),
        noted=_noted(kept, ticked),
        done=len(kept.papers) - len(missing),
        all=len(kept.papers),
        papers=_lines(shown, page),
        left={"response": "label_left", "count": len(missing) - page * PAPERS_PER_PAGE}
        if page < pages
        else "",
        steps=[
            {"response": "label_life_step_name", "number": number, "name": dict(step["title"])}
            for number, step in enumerate(kept.content["steps"], 1)
        ]
        if page == 1 and not ticked
        else "",
    )
    return remembered


def _lines(shown: list[tuple[int, dict[str, Any]]], page: int) -> list[Any]:
    lines: list[Any] = []
    heading = None
    for number, paper in shown:
        if paper["only_if"] and heading is None:
            heading = {"response": "label_life_only_if"}
            lines.append(heading)
        lines.append(
            {
                "response": "label_life_paper",
                "number": number,
                "name": paper["name"],
                "copies": _copies(paper),
                "needed": ", ".join(map(str, paper["needed"])),
            }
        )
    return lines


def _copies(paper: dict[str, Any]) -> Any:
    originals, copies = paper["originals"], paper["copies"]
    if originals and copies:
        return {"response": "label_originals_and_copies", "originals": originals, "copies": copies}
    if copies:
        return {"response": "label_copies", "count": copies}
    return {"response": "label_originals", "count": originals} if originals else ""


def _noted(kept: Kept, ticked: int | None) -> Any:
    if not ticked or not kept.papers[ticked - 1 : ticked]:
        return ""
    paper = kept.papers[ticked - 1]
    name = shorten(paper["name"], 80)
    if paper["done"]:
        return {"response": "label_life_noted", "name": name}
    return {"response": "label_life_unnoted", "name": name}


def _have(kept: Kept, number: int, paper: dict[str, Any]) -> Button:
    return Button(
        title={"response": "button_life_have", "name": shorten(paper["name"], _TITLE_LENGTH)},
        payload=payload("life_checklist", checklist=kept.id, paper=str(number)),
    )


def _events_button() -> Button:
    return Button(title={"response": "button_life_events"}, payload=payload("life_event"))


def _whole(value: object) -> int | None:
    try:
        number = int(str(value))
    except ValueError:
        return None
    return number if number > 0 else None
