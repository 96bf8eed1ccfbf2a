"""Asks what decides which procedures a life event needs, then tells them in order."""

from __future__ import annotations

from typing import Any

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.exc import SQLAlchemyError

from actions.life_events import store
from actions.life_events.files import Answers, Event, Question, events
from actions.life_events.plan import Plan, Step, content, plan
from actions.life_events.texts import fee, numbers, time, total
from actions.speech import Button, say
from actions.turn import ASPECTS, Turn, already_answered, payload, read

log = structlog.get_logger(__name__)

_ANSWERS = ("affirm", "deny")
_MOST_EVENTS = 8
_MOST_BUTTONS = 6


class ValidateLifeForm(Action):
    """Takes the situation and the answers from buttons and words; lets other questions through."""

    def name(self) -> str:
        return "validate_life_form"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        event, answers = situation(tracker)
        if turn.intent == "life_event":
            pressed = events().get(str(turn.entities.get("life_event") or ""))
            if pressed:
                return _at(pressed, pressed.valid(parse(turn.entities.get("life_answers"))))
            return [*left(), SlotSet("life_done", None)]
        if not tracker.active_loop or tracker.active_loop.get("name") != "life_form":
            return _at(event, answers) if event else []
        if turn.pressed:
            return []
        if event is None:
            named = events().match(turn.text)
            return _at(named, {}) if named else []
        asked = event.next_question(answers)
        option = asked.read(turn.text) or _by_position(asked, turn) if asked else None
        if asked and option:
            return _at(event, {**answers, asked.id: option})
        return _at(event, answers) if asked and _asked_again(asked, turn) else []


class ActionAskLifeDone(Action):
    """Asks the next question; after another question in between, only offers to go on."""

    def name(self) -> str:
        return "action_ask_life_done"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        event, answers = situation(tracker)
        if already_answered(tracker):
            if event:
                dispatcher.utter_message(
                    response="life_resume",
                    answer={},
                    choices=[_go_on(event, answers)],
                    title=dict(event.title),
                )
        elif event is None:
            say(dispatcher, "choose_life_event", status="clarify", choices=_offered())
        elif asked := event.next_question(answers):
            _ask(dispatcher, turn, event, answers, asked)
        return []


class ActionLifePlan(Action):
    """The procedures in their order, with fees, times and the list of papers."""

    def name(self) -> str:
        return "action_life_plan"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        event, answers = situation(tracker)
        if event is None:
            say(dispatcher, "choose_life_event", status="clarify", choices=_offered())
            return left()
        made = await plan(event, answers)
        if not made.steps:
            unavailable = bool(made.unreached)
            say(
                dispatcher,
                "life_nothing",
                status="portal_unavailable" if unavailable else "not_found",
                choices=[_go_on(event, answers)] if unavailable else [],
                title=dict(event.title),
                remark=dict(event.remark),
            )
            return left()
        kept = await _keep(tracker, made)
        _tell(dispatcher, made, kept)
        offered = [
            {
                "title": dict(step.item.title),
                "intent": "ask_procedure",
                "procedure_code": step.record.procedure.code,
            }
            for step in made.steps
        ]
        return [
            *left(),
            SlotSet("checklist", kept.id if kept else None),
            SlotSet("choices", offered if len(offered) > 1 else None),
            SlotSet("procedure_code", offered[0]["procedure_code"] if len(offered) == 1 else None),
            SlotSet("aspect", None),
        ]


def _asked_again(asked: Question, turn: Turn) -> bool:
    """Whether the message neither answers this question nor can be answered by anything else.

    A yes or no that fits no option, several options at once, or words about no procedure ("tôi là người
    nước ngoài").
    """
    unplaced = turn.decision == "none" and turn.focus is None and "procedure_code" not in turn.entities
    nothing = turn.intent in ASPECTS and unplaced
    return nothing or turn.intent in _ANSWERS or asked.names_several(turn.text)


def _by_position(asked: Question, turn: Turn) -> str | None:
    """The option that is meant by its number ("cái số 2")."""
    number = int(turn.entities.get("ordinal") or 0) if turn.intent == "affirm" else 0
    return asked.options[number - 1].id if 1 <= number <= len(asked.options) else None


def situation(tracker: Tracker) -> tuple[Event | None, dict[str, str]]:
    """The life event that is being talked about, and its answers so far."""
    event = events().get(str(tracker.get_slot("life_event") or ""))
    answers = tracker.get_slot("life_answers")
    return event, event.valid(answers) if event and isinstance(answers, dict) else {}


def left() -> list[EventType]:
    """The life event is done with."""
    return [SlotSet(name, None) for name in ("life_event", "life_answers", "life_done")]


def parse(answers: Any) -> dict[str, str]:
    """The answers of a button's payload ("parents:married,together:all"), which anyone can write."""
    pairs = (pair.partition(":") for pair in str(answers or "").split(","))
    return {question: option for question, colon, option in pairs if colon}


def button(event: Event) -> Button:
    """Leads to everything that the event calls for."""
    return Button(title=dict(event.button), payload=payload("life_event", life_event=event.id))


def _at(event: Event, answers: Answers) -> list[EventType]:
    return [
        SlotSet("life_event", event.id),
        SlotSet("life_answers", dict(answers)),
        SlotSet("life_done", None if event.next_question(answers) else "yes"),
    ]


def _offered() -> list[Button]:
    return [
        Button(title=dict(event.title), payload=payload("life_event", life_event=event.id))
        for event in events().all()[:_MOST_EVENTS]
    ]


def _go_on(event: Event, answers: Answers) -> Button:
    return Button(title={"response": "button_life_go_on"}, payload=_payload(event, answers))


def _payload(event: Event, answers: Answers) -> str:
    given = ",".join(f"{question}:{option}" for question, option in answers.items())
    return payload("life_event", life_event=event.id, **({"life_answers": given} if given else {}))


def _ask(
    dispatcher: CollectingDispatcher, turn: Turn, event: Event, answers: Answers, asked: Question
) -> None:
    choices = [
        Button(title=dict(option.title), payload=_payload(event, {**answers, asked.id: option.id}))
        for option in asked.options
    ]
    if not answers and turn.decision == "choose" and turn.candidates:
        # The finder had a guess: one press leads there.
        only = turn.candidates[0]
        choices.append(
            Button(
                title={"response": "button_life_only", "name": only.name},
                payload=payload("ask_procedure", procedure_code=only.code),
            )
        )
    say(
        dispatcher,
        "life_question",
        status="form",
        choices=choices,
        heading={"response": "label_life_heading", "title": dict(event.title)} if not answers else "",
        remark=dict(event.remark) if not answers else "",
        question=dict(asked.text),
    )


async def _keep(tracker: Tracker, made: Plan) -> store.Kept | None:
    """The stored checklist; None where there are no papers, or the database fails: the plan is still told."""
    if not made.papers:
        return None
    hint = (tracker.latest_message.get("metadata") or {}).get("language_hint")
    language = tracker.get_slot("language") or hint
    try:
        return await store.keep(tracker.sender_id, "en" if language == "en" else "vi", content(made))
    except (SQLAlchemyError, OSError) as error:
        log.warning("a checklist could not be kept", reason=type(error).__name__)
        return None


def _tell(dispatcher: CollectingDispatcher, made: Plan, kept: store.Kept | None) -> None:
    choices = []
    links: list[dict[str, Any]] = []
    if kept:
        choices.append(
            Button(
                title={"response": "button_life_papers"}, payload=payload("life_checklist", checklist=kept.id)
            )
        )
        links.append({"title": {"response": "link_checklist"}, "url": kept.url})
    choices += [_about(number, step) for number, step in enumerate(made.steps, 1)][
        : _MOST_BUTTONS - len(choices)
    ]
    slowest = made.steps[made.slowest - 1] if made.slowest else None
    say(
        dispatcher,
        "life_plan",
        status="portal_unavailable" if made.is_copy else "answered",
        choices=choices,
        links=links,
        record={"sources": made.sources},
        title=dict(made.event.title),
        remark=dict(made.event.remark),
        steps=[_line(number, step) for number, step in enumerate(made.steps, 1)],
        total=total(made),
        slowest={"response": "label_life_slowest", "number": made.slowest, "time": time(slowest)}
        if slowest and len(made.steps) > 1
        else "",
        absent=[{"response": "label_life_absent", "name": dict(item.title)} for item in made.absent],
        unreached=[{"response": "label_life_unreached", "name": dict(item.title)} for item in made.unreached],
        open_cases=_open_cases(made),
        date={"date": min(step.record.procedure.as_of for step in made.steps).date().isoformat()},
        copy={"response": "label_life_copy"} if made.is_copy else "",
    )


def _line(number: int, step: Step) -> Any:
    return {
        "response": "label_life_step",
        "number": number,
        "name": dict(step.item.title),
        "code": step.record.procedure.code,
        "linked": {"response": "label_life_linked"} if step.item.linked else "",
        "note": dict(step.item.note),
        "time": time(step),
        "fee": fee(step),
    }


def _open_cases(made: Plan) -> Any:
    open_ones = [number for number, step in enumerate(made.steps, 1) if step.open_cases]
    return {"response": "label_life_open_cases", "numbers": numbers(open_ones)} if open_ones else ""


def _about(number: int, step: Step) -> Button:
    return Button(
        title={"response": "label_numbered", "number": number, "name": dict(step.item.title)},
        payload=payload("ask_procedure", procedure_code=step.record.procedure.code),
    )
