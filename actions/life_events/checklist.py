"""The papers of a life event, ticked off in the conversation."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.life_events import store
from actions.life_events.store import Kept
from actions.ratings import offer
from actions.speech import Button, say
from actions.turn import Turn, payload, read
from actions.values import shorten
from troly.text import fold

PAPERS_PER_PAGE = 6
_TITLE_LENGTH = 48
_WHO = r"(?:(?:toi|em|e|minh|con|chau) )?"
_END = r"(?: (?:roi|r|xong|san|day|a|nhe|du))*"
_HAVE = re.compile(
    rf"{_WHO}(?:da |cung |thi )*co(?: duoc| san| du)? (?P<what>.+?){_END}"
    rf"|{_WHO}da (?:chuan bi|xin|lam|lay)(?: duoc| xong)? (?P<ready>.+?){_END}"
    rf"|{_WHO}(?:chuan bi|xin|lam|lay) (?:duoc|xong) (?P<finished>.+?){_END}"
    rf"|xong (?:cai |giay |viec )?(?P<done>(?:so )?\d+|dau(?: tien)?){_END}"
    r"|(?:i am |i m )?done (?:with )?(?:the )?(?P<enough>(?:number |no )?\d+|first)(?: one)?"
    r"|(?P<named>.+?) (?:(?:thi|toi|em|minh|da) )*(?:co|xong)(?: roi| san| r)(?: a)?"
    r"|(?:i )?(?:already )?(?:have|got|prepared)(?: got)?(?: already)? (?P<english>.+?)(?: already| ready)?"
)
_WHICH = re.compile(
    r"(?:(?:the|vay|roi) )?(?:can|gom|chuan bi|can chuan bi|phai nop) (?:nhung )?(?:giay(?: to)?|ho so)"
    r"(?: gi| nao)?(?: a)?"
    r"|(?:giay to|ho so) (?:can |gom )?(?:nhung )?gi(?: a)?"
    r"|(?:what|which) (?:papers|documents|docs)(?: do (?:i|we) need| are needed)?|docs|papers"
)
"""Asks for the papers, and of no procedure among several."""
_LEFT = re.compile(
    r"(?:toi |em |minh )?(?:con |dang )*thieu (?:nhung )?(?:gi|giay to gi|giay gi|cai gi)"
    r"(?: nua)?(?: khong| a)?"
    r"|con (?:can |phai lam )?(?:gi|giay gi|viec gi) nua(?: khong| a)?"
    r"|(?:(?:gui|cho)(?: cho)? )?(?:toi |em |minh )?(?:xin )?(?:ban |file |tep )?pdf(?: di| nhe| a)?"
    r"|(?:(?:send|give) (?:me )?)?(?:the |it |a )?(?:list )?(?:as |in )?(?:a )?pdf(?: please)?"
    r"|send (?:me )?the list"
    r"|what(?: is| s|'s)? (?:still )?(?:missing|left)|(?:cho )?xem (?:lai )?danh sach(?: giay to)?"
)
"""Asks for the list, or for what of it is still missing."""
_ASKING = re.compile(
    r"\b(?:gi|khong|bao nhieu|o dau|the nao|sao|nao|hay|chua|how|what|where|when|do i|can i)\b|\?"
)
_NUMBER = re.compile(r"(?:giay )?(?:so|muc|thu|number|no)? ?(\d{1,2})")
_FIRST = ("dau", "dau tien", "first")
"""The first of the papers that are still missing."""
_LITTLE = frozenset(
    [
        "giay",
        "to",
        "cai",
        "ban",
        "cua",
        "toi",
        "em",
        "minh",
        "va",
        "mot",
        "the",
        "a",
        "an",
        "my",
        "of",
        "paper",
    ]
)


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
    """Answers "đã có giấy chứng sinh", "còn thiếu gì", "gửi em bản pdf", and which papers are needed after a
    plan of several procedures, while a checklist is kept; None for all else."""
    identity = str(tracker.get_slot("checklist") or "")
    if turn.pressed or not identity:
        return None
    words = fold(turn.text).strip(" .!")
    of_all = turn.focus is None and _WHICH.fullmatch(words.rstrip("?"))
    missing = of_all or _LEFT.fullmatch(words.rstrip("?"))
    claimed = None if missing or _ASKING.search(words) else _HAVE.fullmatch(words)
    if not missing and not claimed:
        return None
    kept = await store.find(tracker.sender_id, identity)
    if kept is None:
        return None
    if claimed:
        number = which(kept, next(filter(None, claimed.groups()), ""))
        if number is None:
            return None
        kept = await store.tick(tracker.sender_id, kept, number, done=True)
        return show(dispatcher, tracker, kept, ticked=number)
    return show(dispatcher, tracker, kept)


def which(kept: Kept, what: str) -> int | None:
    """The paper that the words mean, by number or name; None where none or several fit."""
    if what in _FIRST:
        return next((number for number, paper in enumerate(kept.papers, 1) if not paper["done"]), None)
    if numbered := _NUMBER.fullmatch(what):
        return int(numbered[1]) if 1 <= int(numbered[1]) <= len(kept.papers) else None
    said = frozenset(what.split()) - _LITTLE
    if not said:
        return None
    fitting = [
        (len(words), number)
        for number, paper in enumerate(kept.papers, 1)
        if said <= (words := frozenset(re.findall(r"[^\W_]+", fold(paper["name"]))))
    ]
    best = sorted(fitting)[:2]
    if len(best) == 2 and best[0][0] == best[1][0]:
        return None
    return best[0][1] if best else None


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
        record={"sources": _sources(kept)},
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


def _sources(kept: Kept) -> list[dict[str, str]]:
    steps = kept.content["steps"]
    return [{"title": step["title"]["vi"], "url": step["url"], "as_of": step["as_of"]} for step in steps]


def _whole(value: object) -> int | None:
    try:
        number = int(str(value))
    except ValueError:
        return None
    return number if number > 0 else None
