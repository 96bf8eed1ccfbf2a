"""The form in which a field report or a complaint is taken, one question at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import portal
from actions.reports import photos
from actions.reports.categories import categories
from actions.reports.draft import COMPLAINT, MOST_PHOTOS, REPORT, Draft, Step
from actions.reports.reading import CHOICE, Message, confirms, opened, taken
from actions.speech import Button, say
from actions.turn import payload, read
from actions.values import shorten
from troly.units.directory import directory

_LONGEST_SHOWN = 600
_SLOT, _DONE, _BEFORE = "report_draft", "report_done", "report_emergency"


class ValidateReportForm(Action):
    """Takes what the message tells; lets other questions through."""

    def name(self) -> str:
        return "validate_report_form"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        if not portal.client().takes_reports:
            return [SlotSet(_DONE, "nowhere")]
        message = await read_message(tracker)
        draft = Draft.from_slot(tracker.get_slot(_SLOT))
        number = str(tracker.latest_message.get("message_id") or "")
        if draft is None or tracker.get_slot("requested_slot") != _DONE:
            known: Draft | None = opened(message, str(tracker.get_slot(_BEFORE) or ""))
        elif confirms(draft, message):
            return [SlotSet(_DONE, "send")]
        else:
            known = taken(draft, message)
        if known is None:
            return []
        return [SlotSet(_SLOT, replace(known, taken=number).to_slot()), SlotSet(_DONE, None)]


class ActionAskReportDone(Action):
    """Asks for what is missing, and at the end whether to send it."""

    def name(self) -> str:
        return "action_ask_report_done"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        draft = Draft.from_slot(tracker.get_slot(_SLOT)) or Draft()
        if draft.taken != str(tracker.latest_message.get("message_id") or ""):
            # The question in between has its own answer record; a turn has only one.
            dispatcher.utter_message(
                response="report_resume",
                answer={},
                choices=[_button("continue")],
                secret=draft.step == "contact",
            )
        else:
            _ask(dispatcher, draft)
        return []


class ActionReportCancelled(Action):
    """The report is given up; nothing of it is kept."""

    def name(self) -> str:
        return "action_report_cancelled"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        say(dispatcher, "report_cancelled", status="smalltalk")
        return [*left(), SlotSet("choices", None)]


class ActionReportButton(Action):
    """A button of a report that is no longer being written."""

    def name(self) -> str:
        return "action_report_button"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        say(dispatcher, "report_over", status="clarify", record=_about(Draft()), choices=[start_button()])
        return []


def left() -> list[EventType]:
    """No report is being written any more."""
    return [SlotSet(name, None) for name in (_SLOT, _DONE, _BEFORE)]


def start_button() -> Button:
    """Begins a report."""
    return Button(title={"response": "button_report"}, payload="/report_issue")


async def read_message(tracker: Tracker) -> Message:
    """The latest message, with the picture beside it if it is the citizen's own."""
    turn = read(tracker)
    beside = tracker.latest_message.get("metadata") or {}
    named = turn.entities.get("photo") if turn.pressed else beside.get("photo")
    normalized = str(tracker.latest_message.get("text_normalized") or "")
    return Message(turn, normalized, await photos.own(named, tracker.sender_id) if named else "")


def _about(draft: Draft) -> dict[str, str]:
    return {"intent": "complain_service" if draft.kind == "complaint" else "report_issue"}


def _ask(dispatcher: CollectingDispatcher, draft: Draft) -> None:
    step = draft.step
    response = f"ask_complaint_{step}" if draft.kind == "complaint" else f"ask_report_{step}"
    category = categories().get(draft.category)
    say(
        dispatcher,
        response,
        status="form",
        record=_about(draft),
        choices=_choices(draft, step),
        note={"response": f"report_note_{draft.note}"} if draft.note else "",
        content=shorten(draft.text, _LONGEST_SHOWN),
        category=dict(category.name) if category else "",
        place=_place(draft),
        happened=draft.happened,
        photos={"response": "label_report_photos", "count": len(draft.photos)} if draft.photos else "",
        room=MOST_PHOTOS - len(draft.photos),
        phone=draft.phone_shown,
        # The number itself is kept encrypted, with the report.
        secret=step == "contact",
    )


def _place(draft: Draft) -> Any:
    commune = directory().communes.get(draft.commune)
    named = [draft.address] if draft.address else []
    if commune and commune.name.lower() not in draft.address.lower():
        named.append(commune.name)
    if draft.latitude is None:
        return ", ".join(named)
    return {"response": "label_report_spot", "place": ", ".join(named)}


def _choices(draft: Draft, step: Step) -> list[Button]:
    if step == "category":
        return [
            Button(title=dict(category.name), payload=_payload(f"category:{category.id}"))
            for category in categories().values()
        ]
    if step == "commune":
        found = [directory().communes[code] for code in draft.communes if code in directory().communes]
        named = [
            Button(
                title=commune.name[:1].upper() + commune.name[1:], payload=_payload(f"commune:{commune.code}")
            )
            for commune in found
        ]
        return [*named, _button("unknown", "commune:")]
    if step == "photos":
        return [_button("photos_done" if draft.photos else "no_photos", "skip:photos")]
    if step == "contact":
        return [_button("no_contact", "skip:contact")]
    if step == "when":
        return [_button("when_unknown", "skip:when")]
    if step == "summary":
        steps = COMPLAINT if draft.kind == "complaint" else REPORT
        editable = [step for step in steps if step not in ("summary", "commune")]
        return [_button("send"), *[_button(f"edit_{step}", f"edit:{step}") for step in editable]]
    return []


def _button(name: str, choice: str = "") -> Button:
    return Button(title={"response": f"button_report_{name}"}, payload=_payload(choice or name))


def _payload(choice: str) -> str:
    return payload(CHOICE, report_choice=choice)
