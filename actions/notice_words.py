"""What is said when a followed application has changed."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import application_facts as facts
from actions import portal
from actions.receiving import office_of
from actions.speech import Button, application_source, say
from actions.turn import payload, read
from portal.changes import UNSEEN, restored
from portal.following import Told
from portal.models import Application
from troly.answers.opening import hours_of, opening_of
from troly.clock import now
from troly.office_list import Office


class ActionTellNotice(Action):
    """Words a notice; the system sent the message that asks for it, not the citizen."""

    def name(self) -> str:
        return "action_tell_notice"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        notice_id = str(read(tracker).entities.get("notice_id") or "")
        told = await portal.following().told(notice_id, tracker.sender_id)
        if told is None:
            say(dispatcher, "notice_gone", status="answered", record={"intent": "subscribe_status"})
            return []
        application = restored(told.state)
        if told.kind == "lost":
            never = application.status == UNSEEN
            say(
                dispatcher,
                "notice_not_there" if never else "notice_lost",
                status="not_found",
                record={**_record(application), **({"sources": []} if never else {})},
                code=told.code,
            )
        elif told.kind == "reminder":
            await _remind(dispatcher, application, told)
        elif told.kind == "appointment":
            _tell_appointment(dispatcher, application, told)
        elif application.status == 9:
            await _tell_ready(dispatcher, application, told)
        else:
            _tell_changed(dispatcher, application, told)
        # "Bao giờ xong?" after a notice means this application, unless a form waits for an answer.
        asked = tracker.active_loop.get("name") if tracker.active_loop else None
        return [] if asked else [SlotSet("application_code", told.code)]


def _record(application: Application) -> dict[str, Any]:
    return {
        "intent": "subscribe_status",
        "application_code": application.code,
        "sources": [application_source(application)],
    }


def _tell_changed(dispatcher: CollectingDispatcher, application: Application, told: Told) -> None:
    say(
        dispatcher,
        "notice_found" if told.kind == "found" else "notice_changed",
        status="answered",
        record=_record(application),
        choices=_buttons(application, told),
        code=told.code,
        procedure=application.procedure_name,
        state={"response": f"status_{application.status}"},
        meaning={"response": f"status_meaning_{application.status}"},
        supplement=facts.supplement(application.supplement),
        fee_due=facts.fee_due(application.fee_due),
        refusal=facts.refusal(application),
        due=facts.due(application),
        ended="" if told.running else {"response": "label_follow_ended"},
    )


def _tell_appointment(dispatcher: CollectingDispatcher, application: Application, told: Told) -> None:
    say(
        dispatcher,
        "notice_appointment",
        status="answered",
        record=_record(application),
        choices=_buttons(application, told),
        code=told.code,
        procedure=application.procedure_name,
        due=facts.due(application),
    )


async def _remind(dispatcher: CollectingDispatcher, application: Application, told: Told) -> None:
    office = await office_of(application.agency)
    say(
        dispatcher,
        "notice_reminder",
        status="answered",
        record=_record(application),
        choices=_buttons(application, told),
        code=told.code,
        procedure=application.procedure_name,
        state={"response": f"status_{application.status}"},
        due=facts.due(application),
        where=_where(application, office),
    )


async def _tell_ready(dispatcher: CollectingDispatcher, application: Application, told: Told) -> None:
    office = await office_of(application.agency)
    own = office.hours if office else ""
    say(
        dispatcher,
        "notice_ready",
        status="answered",
        record=_record(application),
        choices=_buttons(application, told),
        code=told.code,
        procedure=application.procedure_name,
        where=_where(application, office),
        hours=hours_of(own),
        opening=opening_of(own, now(), await portal.calendar()),
    )


def _where(application: Application, office: Office | None) -> Any:
    if office is None:
        return {"response": "label_collect_at", "place": application.agency} if application.agency else ""
    return {
        "response": "label_collect_at_office",
        "place": application.agency,
        "office": "" if office.sample else office.name,
        "address": office.address,
        "phone": office.phone,
    }


def _buttons(application: Application, told: Told) -> list[Button]:
    look = payload("inform_application_code", application_code=application.code)
    buttons = [Button(title={"response": "button_look_at_application"}, payload=look)]
    if told.running:
        stop = payload("unsubscribe_status", followed=application.code)
        buttons.append(Button(title={"response": "button_stop"}, payload=stop))
    return buttons
