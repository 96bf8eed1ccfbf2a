"""Where an application stands: asks for the code, then says what the status service states."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import application_facts as facts
from actions import portal, recent
from actions.ratings import offer
from actions.receiving import office_of
from actions.speech import Button, application_source, say
from actions.turn import ASPECTS, Turn, payload, read
from portal.changes import LAST
from portal.codes import parse_application_code
from portal.errors import NoStatusService, NotFound, PortalError
from portal.models import Application
from troly.text import fold

log = structlog.get_logger(__name__)

_ABOUT_APPLICATIONS = frozenset({"check_application_status", "inform_application_code", "report_overdue"})

_DIGITS = re.compile(r"\d[\d.\-\s]{2,}\d")
_LOST = re.compile(
    r"\b(?:quen|mat (?:giay|bien|ma|tin)|(?:khong|ko|k|hok|chua|deo) (?:nho|giu|co|con|biet|thay)"
    r"|(?:theo|bang) (?:ho )?(?:ten|cccd|can cuoc|cmnd|sdt|so dien thoai)"
    r"|(?:by|with) (?:my |the )?(?:name|id|phone)"
    r"|forg[eo]t(?:ten)?|lost|no (?:code|receipt|paper)|(?:do ?n.?t|did ?n.?t|cannot|can.?t|never) "
    r"(?:have|know|remember|find|got|get))\b"
)
_SHORT = 6
"""Words of a message that can only be an answer to the question for the code."""


class ValidateApplicationForm(Action):
    """Keeps the form open while the citizen is still giving the code; lets other questions through."""

    def name(self) -> str:
        return "validate_application_form"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        if "application_code" in turn.entities:
            # A button, or the QR code of a receipt, may hold anything.
            given = str(turn.entities["application_code"])
            return [SlotSet("application_code", parse_application_code(given))]
        if _incomplete(turn):
            return [SlotSet("application_code", None)]
        if turn.intent in _ABOUT_APPLICATIONS and not turn.pressed:
            asked = recent.recent(tracker)
            if recent.means_another(turn.text):
                return [SlotSet("application_code", None)]
            if asked and recent.means_earlier(turn.text):
                return [SlotSet("application_code", asked[0]["code"] if len(asked) == 1 else None)]
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
        elif tracker.get_slot("requested_slot") == "application_code" and _has_lost_it(turn):
            say(dispatcher, "application_code_lost", status="form", choices=_offered(tracker))
        elif turn.intent == "report_overdue":
            say(dispatcher, "ask_code_of_overdue", status="form", choices=_offered(tracker))
        elif turn.intent in _ABOUT_APPLICATIONS and recent.recent(tracker):
            say(dispatcher, "choose_application", status="form", choices=_offered(tracker))
        elif turn.intent in _ABOUT_APPLICATIONS:
            say(dispatcher, "ask_application_code", status="form")
        else:
            # The question in between has its own answer record; a turn has only one.
            dispatcher.utter_message(response="ask_application_code_again", answer={})
        return []


def _offered(tracker: Tracker) -> list[Button]:
    return recent.buttons(tracker, "inform_application_code")


def _has_lost_it(turn: Turn) -> bool:
    """Whether the answer to the question for the code is that there is none any more."""
    return not turn.pressed and turn.intent not in ASPECTS and bool(_LOST.search(fold(turn.text)))


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
        return await tell(dispatcher, tracker, str(tracker.get_slot("application_code")))


async def tell(dispatcher: CollectingDispatcher, tracker: Tracker, code: str) -> list[EventType]:
    """Say where the application stands, or why that cannot be said; the events that remember it."""
    application = await looked_up(dispatcher, tracker, code)
    if application is None:
        return []
    if isinstance(application, NotFound):
        return [SlotSet("application_code", None)]
    rate, remembered = offer(tracker, "status")
    await _say_status(dispatcher, application, read(tracker).intent, rate)
    return [*recent.remember(tracker, application), *remembered]


async def looked_up(
    dispatcher: CollectingDispatcher,
    tracker: Tracker,
    code: str,
    *,
    when_down: Callable[[], Awaitable[None]] | None = None,
) -> Application | NotFound | None:
    """The application; where there is none (NotFound) or no answer (None), that has been said.

    `when_down` says and does something else where the status service does not answer.
    """
    about = {"application_code": code}
    if until := await portal.attempts().look_up(portal.who(tracker), code):
        say(dispatcher, "too_many_lookups", status="refused", record=about, until=facts.moment(until))
        return None
    try:
        return await portal.client().get_application(code)
    except NotFound as error:
        say(dispatcher, "application_not_found", status="not_found", record=about, code=code)
        return error
    except NoStatusService:
        say(dispatcher, "application_not_connected", status="portal_unavailable", record=about, code=code)
    except PortalError as error:
        log.warning("status service failed", reason=type(error).__name__)
        if when_down:
            await when_down()
            return None
        follow = payload("subscribe_status", application_code=code)
        say(
            dispatcher,
            "application_service_down",
            status="portal_unavailable",
            record=about,
            code=code,
            choices=[try_again(code), Button(title={"response": "button_follow"}, payload=follow)],
        )
    return None


def try_again(code: str) -> Button:
    """Looks the application up once more."""
    again = payload("inform_application_code", application_code=code)
    return Button(title={"response": "button_try_again"}, payload=again)


async def _say_status(
    dispatcher: CollectingDispatcher, application: Application, intent: str, rate: list[Button]
) -> None:
    late = facts.days_late(application)
    office = await office_of(application.agency) if late else None
    say(
        dispatcher,
        "application_status",
        status="answered",
        choices=[*_buttons(application, late), *rate],
        record={"application_code": application.code, "sources": [application_source(application)]},
        code=application.code,
        procedure=application.procedure_name,
        agency=application.agency,
        state={"response": f"status_{application.status}"},
        meaning={"response": f"status_meaning_{application.status}"},
        received=facts.moment(application.accepted_at or application.applied_at),
        due=facts.due(application),
        completed=facts.moment(application.completed_at),
        remaining=facts.remaining(application),
        supplement=facts.supplement(application.supplement),
        fee_due=facts.fee_due(application.fee_due),
        refusal=facts.refusal(application),
        apology={"response": "label_late"} if late else "",
        whom_to_ask=_whom_to_ask(application, office.phone if office else "") if late else "",
        on_time=facts.on_time(application) if intent == "report_overdue" else "",
    )


def _whom_to_ask(application: Application, phone: str) -> Any:
    if not application.agency:
        return {"response": "label_ask_hotline"}
    return {"response": "label_ask_agency", "agency": application.agency, "phone": phone}


def _buttons(application: Application, late: int) -> list[Button]:
    code = application.code
    buttons: list[Button] = []
    if portal.client().offers("verify"):
        more = payload("verify_application", application_code=code)
        buttons.append(Button(title={"response": "button_owner_details"}, payload=more))
    if application.status not in LAST:
        follow = payload("subscribe_status", application_code=code)
        buttons.append(Button(title={"response": "button_follow"}, payload=follow))
    if late:
        buttons.append(Button(title={"response": "button_complain"}, payload="/complain_service"))
    if application.procedure_code:
        about = payload("ask_procedure", procedure_code=application.procedure_code)
        buttons.append(Button(title={"response": "button_about_procedure"}, payload=about))
    return buttons
