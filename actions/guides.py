"""Digital help: guides for VNeID, the portal account, payment… told one step at a time."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import scams
from actions.guide_files import library
from actions.ratings import offer
from actions.speech import Button, say
from actions.turn import Turn, payload, read
from troly.answers.guides import Guide
from troly.text import fold

_NEXT = re.compile(
    r"(?:(?:da|roi|vang|ok|oke) )*"
    r"(?:(?:sang )?buoc (?:sau|tiep|tiep theo)|tiep(?: theo| tuc| di)?|xong|da xong|lam roi|bat dau|duoc roi"
    r"|roi|ok|oke|start|begin|next(?: step)?|continue|done|go on|finished|ready"
    r"|(?:xong )?(?:roi )?(?:sao|lam gi|gi)(?: nua| tiep)|roi sao|tiep theo (?:la |lam )?(?:gi|sao)"
    r"|what next|what now|and then|then what)"
    r"(?: (?:a|nhe|di|roi|please))*"
)
_BACK = re.compile(
    r"(?:quay lai|lui lai|nguoc lai|buoc truoc|truoc do|(?:go )?back|previous(?: step)?)"
    r"(?: (?:a|nhe|di|please))*"
)
_STEP = re.compile(r"\b(?:buoc|b|step)\s*(?:so |thu |number )?(\d{1,2})\b")
_STUCK = re.compile(
    r"\b(?:ket(?! (?:ban|hon|luan|noi|qua|thuc)\b)|(?:khong|ko|k|hok) (?:duoc|dc|thay|hieu|vao|nhan)"
    r"|bi loi|bao loi|stuck|error|(?:does ?n.?t|not) work|can.?t|problem)\b"
)
_MOST_CHOICES = 6
_MOST_TOPICS = 8
_WORDS_OF_A_MOVE = 10
_ANY_STEP = 99
"""Steps of a guide that is gone: each of its numbers may still be asked for."""


class ValidateGuideForm(Action):
    """Finds the guide that a question means and moves within it; lets other questions through."""

    def name(self) -> str:
        return "validate_guide_form"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        if pressed := library().get(str(turn.entities.get("guide", ""))):
            return _at(pressed, turn.entities.get("guide_step"), bool(turn.entities.get("stuck")))
        if _asks_for_retired(turn, tracker):
            return [SlotSet("guide_choices", None)]
        guide = library().get(str(tracker.get_slot("guide") or ""))
        step = int(tracker.get_slot("guide_step") or 0)
        asks = turn.intent == "ask_digital_help" and not turn.pressed
        found = library().search(turn.text) if asks else []
        named = found[0].guide if found and found[0].sure else None
        lost = not turn.pressed and scams.money_lost(turn.text, asked=guide.id if guide else "")
        if lost and (now := library().get(scams.GUIDE)):
            return _at(now, 1)
        # "Không nhận được mã OTP" is stuck in most guides, and the beginning of another one.
        elsewhere = named and guide and named.id != guide.id and not _STEP.search(fold(turn.text))
        if guide and not elsewhere and (moved := _move(turn, step, len(guide.steps))):
            return _at(guide, *moved)
        if guide is None and (taken := _taken(turn, tracker)):
            return _at(taken, 0)
        if guide is None and _asks_on(turn, tracker):
            return [SlotSet("guide_done", None)]
        if turn.intent != "ask_digital_help":
            return []
        if named:
            return _at(named, 0)
        offered = [match.guide.id for match in found][:_MOST_CHOICES] or _topics()
        return [*_left(), SlotSet("guide_choices", offered)]


class ActionAskGuideDone(Action):
    """Says the step that the citizen is at; after another question only where they were."""

    def name(self) -> str:
        return "action_ask_guide_done"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        if _asks_for_retired(turn, tracker):
            _offer(dispatcher, _topics(), gone=True)
            return _left()
        guide = library().get(str(tracker.get_slot("guide") or ""))
        # Staff may have shortened the guide since the citizen was at this step.
        step = min(int(tracker.get_slot("guide_step") or 0), len(guide.steps) if guide else 0)
        here = (
            turn.intent == "ask_digital_help"
            or bool(guide and _move(turn, step, len(guide.steps)) is not None)
            or (guide is not None and step == 0 and turn.intent == "affirm" and "ordinal" in turn.entities)
            or scams.answers(turn, guide.id if guide else "")
        )
        if guide and here:
            _show(dispatcher, guide, step, stuck=bool(tracker.get_slot("guide_stuck")))
        elif guide:
            dispatcher.utter_message(
                response="guide_resume",
                answer={},
                choices=[_continue(guide, max(step, 1), again=True)],
                title=dict(guide.title),
            )
        elif here or _asks_on(turn, tracker):
            _offer(dispatcher, [str(name) for name in tracker.get_slot("guide_choices") or ()])
        return []


class ActionGuideDone(Action):
    """The guide was followed to its end."""

    def name(self) -> str:
        return "action_guide_done"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        rate, remembered = offer(tracker, "guide")
        about = {"intent": "ask_digital_help"}
        say(dispatcher, "guide_done", status="answered", record=about, choices=rate)
        return [*_left(), *remembered]


def _topics() -> list[str]:
    """What is offered where nothing was asked in particular."""
    return [guide.id for guide in library().common()[:_MOST_TOPICS]]


def _left() -> list[EventType]:
    names = ("guide", "guide_step", "guide_stuck", "guide_done", "guide_choices")
    return [SlotSet(name, None) for name in names]


def _at(guide: Guide, step: Any, stuck: bool = False) -> list[EventType]:
    """The citizen is at this step; one past the last ends the guide."""
    try:
        number = max(int(step or 0), 0)
    except (TypeError, ValueError):
        number = 0
    return [
        SlotSet("guide", guide.id),
        SlotSet("guide_step", min(number, len(guide.steps))),
        SlotSet("guide_stuck", stuck),
        SlotSet("guide_choices", None),
        SlotSet("guide_done", "yes" if number > len(guide.steps) else None),
    ]


def _asks_for_retired(turn: Turn, tracker: Tracker) -> bool:
    """Whether the message goes on with a guide that staff have taken off since, or presses its button."""
    if named := turn.entities.get("guide"):
        return library().get(str(named)) is None
    followed = str(tracker.get_slot("guide") or "")
    step = int(tracker.get_slot("guide_step") or 0)
    return bool(followed) and library().get(followed) is None and _move(turn, step, _ANY_STEP) is not None


def _move(turn: Turn, step: int, steps: int) -> tuple[int, bool] | None:
    """The step that the message goes to, and whether the citizen is stuck there; None for other messages."""
    if turn.pressed:
        return None
    words = _words(turn)
    if _NEXT.fullmatch(words):
        return step + 1, False
    if _BACK.fullmatch(words):
        return max(step - 1, 0), False
    if len(words.split()) > _WORDS_OF_A_MOVE:
        return None
    asked = _STEP.search(words)
    if asked and 1 <= int(asked[1]) <= steps:
        return int(asked[1]), bool(_STUCK.search(words))
    if _STUCK.search(words) and turn.intent in ("ask_digital_help", "out_of_scope"):
        return max(step, 1), True
    return None


def _taken(turn: Turn, tracker: Tracker) -> Guide | None:
    """The guide on offer that is meant by its number ("cái thứ 2")."""
    offered = [str(name) for name in tracker.get_slot("guide_choices") or ()]
    number = int(turn.entities.get("ordinal") or 0) if turn.intent == "affirm" else 0
    place = number if number < 0 else number - 1
    return library().get(offered[place]) if number and -len(offered) <= place < len(offered) else None


def _asks_on(turn: Turn, tracker: Tracker) -> bool:
    """Whether the citizen says "tiếp" to guides on offer, of which one must be chosen."""
    offered = bool(tracker.get_slot("guide_choices"))
    return offered and not turn.pressed and _NEXT.fullmatch(_words(turn)) is not None


def _words(turn: Turn) -> str:
    return fold(turn.text).rstrip(" .!?")


def _show(dispatcher: CollectingDispatcher, guide: Guide, step: int, *, stuck: bool) -> None:
    """Step 0 is the overview: what the guide leads to, what is needed, how many steps."""
    record = {"intent": "ask_digital_help", "sources": [dict(guide.source)]}
    links = [{"title": guide.source["title"], "url": guide.source["url"]}] if guide.source["url"] else []
    if step == 0:
        say(
            dispatcher,
            "guide_overview",
            status="answered",
            choices=[_continue(guide, 1)],
            links=links,
            record=record,
            title=dict(guide.title),
            needs=dict(guide.needs),
            number=len(guide.steps),
            date={"date": guide.source["as_of"]},
        )
    else:
        say(
            dispatcher,
            "guide_stuck" if stuck else "guide_step",
            status="answered",
            choices=_buttons(guide, step, stuck),
            links=links if stuck else [],
            record=record,
            step=step,
            steps=len(guide.steps),
            text_of_step=dict(guide.steps[step - 1].text),
            hint=dict(guide.steps[step - 1].stuck or guide.stuck) if stuck else "",
        )


def _buttons(guide: Guide, step: int, stuck: bool) -> list[Button]:
    buttons = [_continue(guide, step + 1)]
    if not stuck:
        at = payload("ask_digital_help", guide=guide.id, guide_step=step, stuck=True)
        buttons.append(Button(title={"response": "button_guide_stuck"}, payload=at))
    if step > 1:
        before = payload("ask_digital_help", guide=guide.id, guide_step=step - 1)
        buttons.append(Button(title={"response": "button_guide_back"}, payload=before))
    if stuck:
        buttons.append(Button(title={"response": "button_talk_to_human"}, payload="/talk_to_human"))
    return buttons


def _continue(guide: Guide, step: int, *, again: bool = False) -> Button:
    go = payload("ask_digital_help", guide=guide.id, guide_step=step)
    if again:
        return Button(title={"response": "button_guide_resume"}, payload=go)
    if step > len(guide.steps):
        return Button(title={"response": "button_guide_finish"}, payload=go)
    return Button(title={"response": "button_guide_start" if step == 1 else "button_guide_next"}, payload=go)


def _offer(dispatcher: CollectingDispatcher, names: list[str], *, gone: bool = False) -> None:
    guides = [guide for guide in map(library().get, names) if guide]
    say(
        dispatcher,
        "guide_retired" if gone else "choose_guide",
        status="clarify",
        record={"intent": "ask_digital_help"},
        choices=[
            Button(title=dict(guide.title), payload=payload("ask_digital_help", guide=guide.id))
            for guide in guides
        ],
    )
