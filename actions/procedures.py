"""Questions about a procedure: find out which one is meant, then answer from the portal's record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import other_services, person, portal, right_after, scams
from actions.aspects import View, view
from actions.life_events import hook as life_events
from actions.resolve import MOST_CHOICES, Ask, AskAgain, Meant, Missing, Resolution, chosen, resolve
from actions.siblings import Group
from actions.speech import Button, procedure_source, say
from actions.turn import INTENTS, Candidate, Turn, carried_on, payload, read
from actions.values import joined, plain_name
from portal.errors import NotFound, PortalError
from portal.models import Procedure

log = structlog.get_logger(__name__)

_NEXT = ("documents", "fee", "processing_time", "place", "steps", "online", "form")
"""The aspects offered as buttons after an answer, in the order in which citizens ask for them."""

_MOST_BUTTONS = 5


class ActionAnswerProcedure(Action):
    """Answers the eleven questions about a procedure."""

    def name(self) -> str:
        return "action_answer_procedure"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        if (goes_on := right_after.instead(tracker, turn)) is not None:
            return goes_on
        taken_over = await life_events.instead(dispatcher, tracker, turn)
        if taken_over is not None:
            return taken_over
        if (told := scams.instead(turn)) is not None:
            return told
        meant = resolve(turn)
        other = await other_services.instead(dispatcher, tracker, turn, meant)
        return await respond(dispatcher, meant, turn) if other is None else other


class ActionOutOfScope(Action):
    """What no service covers, unless it answers a choice that was offered."""

    def name(self) -> str:
        return "action_out_of_scope"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        if taken := chosen(turn):
            return await respond(dispatcher, taken, turn)
        if (goes_on := right_after.instead(tracker, turn)) is not None:
            return goes_on
        taken_over = await life_events.instead(dispatcher, tracker, turn)
        if taken_over is not None:
            return taken_over
        if (told := scams.instead(turn)) is not None:
            return told
        if await person.asked_how_long(dispatcher, tracker, turn):
            return []
        if (again := carried_on(turn)) is not None:
            meant = resolve(again)
            if isinstance(meant, Meant):
                dispatcher.utter_message(response="taken_as_follow_up", answer={})
            return await respond(dispatcher, meant, again)
        await _beside_the_point(dispatcher, turn)
        return []


async def _beside_the_point(dispatcher: CollectingDispatcher, turn: Turn) -> None:
    """Say that this is not answered here, with the way back to what was talked of before.

    Many such messages are the next sentence of a citizen's story ("chồng tôi là người Đài Loan").
    """
    if turn.choices:
        titles = [choice["title"] for choice in turn.choices]
        buttons = [Button(title=choice["title"], payload=_taking(choice)) for choice in turn.choices]
        say(
            dispatcher,
            "out_of_scope_choices",
            status="out_of_scope",
            choices=buttons,
            options=_numbered(titles),
        )
    elif turn.focus and (procedure := await portal.catalogue().get(turn.focus)):
        buttons = _aspect_buttons(procedure.code, _NEXT[:_MOST_BUTTONS])
        title = _title(procedure)
        say(dispatcher, "out_of_scope_focus", status="out_of_scope", choices=buttons, title=title)
    else:
        say(dispatcher, "utter_out_of_scope", status="out_of_scope")


def _taking(choice: dict[str, Any]) -> str:
    where = {"case": str(choice["case"])} if "case" in choice else {}
    return payload(str(choice["intent"]), procedure_code=choice["procedure_code"], **where)


async def respond(dispatcher: CollectingDispatcher, resolution: Resolution, turn: Turn) -> list[EventType]:
    """Utter what the resolution calls for; the events that remember it."""
    if isinstance(resolution, Meant):
        return await _answer(dispatcher, resolution, turn)
    if isinstance(resolution, Ask):
        return await _ask(dispatcher, resolution)
    if isinstance(resolution, AskAgain):
        return _ask_again(dispatcher, resolution.aspect, turn)
    missing = isinstance(resolution, Missing)
    say(
        dispatcher,
        "ask_which_procedure" if missing else "procedure_not_found",
        status="clarify" if missing else "not_found",
        record={"aspect": resolution.aspect, "intent": turn.intent},
    )
    # What comes after a procedure that was not found is not about the one before it.
    left = [] if missing else [SlotSet("procedure_code", None), SlotSet("choices", None)]
    return [*left, SlotSet("aspect", resolution.aspect)]


async def _answer(dispatcher: CollectingDispatcher, meant: Meant, turn: Turn) -> list[EventType]:
    about = {"procedure_code": meant.code, "aspect": meant.aspect, "intent": INTENTS[meant.aspect]}
    try:
        found = await portal.procedure_record(meant.code)
    except NotFound:
        say(dispatcher, "procedure_code_not_found", status="not_found", record=about, code=meant.code)
        return []
    except PortalError as error:
        log.warning("portal unavailable", code=meant.code, reason=type(error).__name__)
        say(dispatcher, "portal_unavailable", status="portal_unavailable", record=about)
        return [SlotSet("procedure_code", meant.code), SlotSet("aspect", meant.aspect)]
    procedure = found.procedure
    shown = view(procedure, meant.aspect, meant.case, meant.page)
    copied = {"response": "label_copy", "date": {"date": procedure.as_of.date().isoformat()}}
    say(
        dispatcher,
        shown.response,
        status="portal_unavailable" if found.is_copy and shown.status == "answered" else shown.status,
        choices=[*shown.buttons, *_next(shown, meant, life_events.offered(turn, meant.code))],
        links=shown.links,
        record={**about, "procedure_code": procedure.code, "sources": [procedure_source(procedure)]},
        **shown.values,
        title=_title(procedure),
        official_title=procedure.name if portal.english_title(procedure) else "",
        code=procedure.code,
        offices=joined([{"official": name.rstrip(" .")} for name in procedure.agencies[:3]], "label_list")
        if procedure.agencies
        else {"response": "label_one_stop_desk"},
        copy=copied if found.is_copy else "",
        withdrawn={"response": "label_withdrawn"} if procedure.withdrawn else "",
    )
    return [
        SlotSet("procedure_code", procedure.code),
        SlotSet("aspect", meant.aspect),
        SlotSet("choices", shown.offered or None),
    ]


def _title(procedure: Procedure) -> Any:
    vietnamese = plain_name(procedure.name)
    return {"vi": vietnamese, "en": portal.english_title(procedure) or vietnamese}


def _next(shown: View, meant: Meant, wider: list[Button]) -> list[Button]:
    if shown.offered:
        return []
    room = _MOST_BUTTONS - len(shown.buttons) - len(wider)
    aspects = [aspect for aspect in _NEXT if aspect != meant.aspect][:room]
    return wider + _aspect_buttons(meant.code, aspects)


def _aspect_buttons(code: str, aspects: Sequence[str]) -> list[Button]:
    return [
        Button(
            title={"response": f"button_{aspect}"},
            payload=payload(INTENTS[aspect], procedure_code=code),
        )
        for aspect in aspects
    ]


async def _ask(dispatcher: CollectingDispatcher, asked: Ask) -> list[EventType]:
    group = asked.group
    options = await _there(_group_options(group)) if group else _candidate_options(asked.candidates)
    left_out = asked.still if asked.still not in {code for _, code in options} else None
    if left_out and (talked_of := await portal.catalogue().get(left_out)):
        # The last one gives way: channels show five buttons, and it is the least likely.
        options = [*options[: MOST_CHOICES - 1], (_title(talked_of), talked_of.code)]
    if group is None or len(options) == 1:
        return _offer(dispatcher, "ask_choice", options, asked.aspect)
    return _offer(dispatcher, "ask_sibling", options, asked.aspect, dict(group.question))


async def _there(options: list[tuple[Any, str]]) -> list[tuple[Any, str]]:
    """Those that this portal has: a question that tells siblings apart knows others too. All where none is,
    for then there is no copy of the portal yet."""
    known = [option for option in options if await portal.catalogue().identity(option[1])]
    return known or options


def _ask_again(dispatcher: CollectingDispatcher, aspect: str, turn: Turn) -> list[EventType]:
    options = [(choice["title"], str(choice["procedure_code"])) for choice in turn.choices]
    return _offer(dispatcher, "ask_choice_again", options, aspect)


def _offer(
    dispatcher: CollectingDispatcher,
    response: str,
    options: list[tuple[Any, str]],
    aspect: str,
    question: Any = "",
) -> list[EventType]:
    """Offer procedures to choose from, by button or by number."""
    intent = INTENTS[aspect]
    say(
        dispatcher,
        response,
        status="clarify",
        choices=[
            Button(title=title, payload=payload(intent, procedure_code=code)) for title, code in options
        ],
        record={"aspect": aspect, "intent": intent},
        question=question,
        options=_numbered([title for title, _ in options]),
    )
    offered = [{"title": title, "intent": intent, "procedure_code": code} for title, code in options]
    return [SlotSet("choices", offered), SlotSet("aspect", aspect)]


def _numbered(titles: Sequence[Any]) -> list[Any]:
    return [
        {"response": "label_numbered", "number": number, "name": title}
        for number, title in enumerate(titles, 1)
    ]


def _group_options(group: Group) -> list[tuple[Any, str]]:
    return [(dict(option.title), option.code) for option in group.options]


def _candidate_options(candidates: tuple[Candidate, ...]) -> list[tuple[Any, str]]:
    named = [(plain_name(one.name), one.code) for one in candidates]
    return [({"vi": name, "en": portal.known_english(code) or name}, code) for name, code in named]
