"""Where an application stands: asks for the code, then says what the status service states."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import portal
from actions.speech import Button, application_source, say
from actions.turn import ASPECTS, Turn, payload, read
from portal.errors import NoStatusService, NotFound, PortalError
from portal.models import Application
from troly.clock import VIETNAM, now

log = structlog.get_logger(__name__)

_ABOUT_APPLICATIONS = frozenset({"check_application_status", "inform_application_code", "report_overdue"})

_DIGITS = re.compile(r"\d[\d.\-\s]{2,}\d")
_SHORT = 6
"""Words of a message that can only be an answer to the question for the code."""

_FINISHED = frozenset({3, 7, 8, 9, 10})
"""National statuses after which no due date runs any more."""


class ValidateApplicationForm(Action):
    """Keeps the form open while the citizen is still giving the code; lets other questions through."""

    def name(self) -> str:
        return "validate_application_form"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        if "application_code" in turn.entities:
            return [SlotSet("application_code", turn.entities["application_code"])]
        if _incomplete(turn):
            return [SlotSet("application_code", None)]
        code = tracker.get_slot("application_code")
        if turn.intent in _ABOUT_APPLICATIONS or code:
            return [SlotSet("application_code", code)]
        return []


class ActionAskApplicationCode(Action):
    """Asks for the code; says what is wrong when one was given that cannot be a code."""

    def name(self) -> str:
        return "action_ask_application_code"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        if written := _incomplete(turn):
            about = {"intent": "inform_application_code"}
            say(dispatcher, "malformed_application_code", status="form", record=about, written=written)
        elif turn.intent == "report_overdue":
            say(dispatcher, "ask_code_of_overdue", status="form")
        elif turn.intent in _ABOUT_APPLICATIONS:
            say(dispatcher, "ask_application_code", status="form")
        else:
            # The question in between has its own answer record; a turn has only one.
            dispatcher.utter_message(response="ask_application_code_again", answer={})
        return []


def _incomplete(turn: Turn) -> str:
    """What was written where a code was asked for and is none ("it is 25042"); "" for anything else."""
    if "malformed_code" in turn.entities:
        return str(turn.entities["malformed_code"])
    if turn.pressed or turn.intent in ASPECTS or len(turn.text.split()) > _SHORT:
        return ""
    digits = _DIGITS.search(turn.text)
    return digits.group() if digits else ""


class ActionApplicationStatus(Action):
    """The status of the application whose code is known."""

    def name(self) -> str:
        return "action_application_status"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        code = str(tracker.get_slot("application_code"))
        about = {"application_code": code}
        try:
            application = await portal.client().get_application(code)
        except NotFound:
            say(dispatcher, "application_not_found", status="not_found", record=about, code=code)
            return [SlotSet("application_code", None)]
        except NoStatusService:
            say(dispatcher, "application_not_connected", status="portal_unavailable", record=about, code=code)
            return []
        except PortalError as error:
            log.warning("status service failed", reason=type(error).__name__)
            retry = payload("inform_application_code", application_code=code)
            say(
                dispatcher,
                "application_service_down",
                status="portal_unavailable",
                record=about,
                code=code,
                choices=[{"title": {"response": "button_try_again"}, "payload": retry}],
            )
            return []
        _tell(dispatcher, application, read(tracker).intent)
        return []


def _tell(dispatcher: CollectingDispatcher, application: Application, intent: str) -> None:
    late = _days_late(application)
    buttons = [
        Button(
            title={"response": "button_about_procedure"},
            payload=payload("ask_procedure", procedure_code=application.procedure_code),
        )
    ]
    say(
        dispatcher,
        "application_status",
        status="answered",
        choices=buttons if application.procedure_code else [],
        record={"application_code": application.code, "sources": [application_source(application)]},
        code=application.code,
        procedure=application.procedure_name,
        agency=application.agency,
        state={"response": f"status_{application.status}"},
        meaning={"response": f"status_meaning_{application.status}"},
        received=_moment(application.accepted_at or application.applied_at),
        due="" if application.status in _FINISHED else _moment(application.due_at),
        completed=_moment(application.completed_at),
        remaining=_remaining(application, late),
        supplement=_supplement(application),
        fee_due=_fee_due(application),
        refusal={"response": "label_refusal", "reason": application.refusal} if application.refusal else "",
        apology={"response": "label_late"} if late else "",
        on_time=_on_time(application, late) if intent == "report_overdue" else "",
    )


def _moment(moment: datetime | None) -> Any:
    return {"date": moment.astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M")} if moment else ""


def _days_late(application: Application) -> int:
    """Whole days since the due date, at least 1 once it has passed; 0 while it has not."""
    if application.due_at is None or application.status in _FINISHED:
        return 0
    passed = now() - application.due_at
    return max(passed.days, 1) if passed.total_seconds() > 0 else 0


def _on_time(application: Application, late: int) -> Any:
    """Said only of a due date that is known and still runs."""
    running = application.due_at is not None and application.status not in _FINISHED
    return {"response": "label_not_late"} if running and not late else ""


def _remaining(application: Application, late: int) -> Any:
    if late:
        return {"response": "label_days_late", "count": late}
    if application.due_at is None or application.status in _FINISHED:
        return ""
    days = (application.due_at.astimezone(VIETNAM).date() - now().astimezone(VIETNAM).date()).days
    return {"response": "label_days_left", "count": days} if days else {"response": "label_due_today"}


def _supplement(application: Application) -> Any:
    wanted = application.supplement
    if wanted is None:
        return ""
    return {
        "response": "label_supplement",
        "documents": [{"response": "label_item", "value": name} for name in wanted.documents],
        "note": wanted.note,
        "by": _moment(wanted.by),
    }


def _fee_due(application: Application) -> Any:
    owed = application.fee_due
    if owed is None:
        return ""
    amount = "" if owed.amount is None else {"money": owed.amount, "currency": "VND"}
    return {"response": "label_fee_due", "amount": amount, "note": owed.note}
