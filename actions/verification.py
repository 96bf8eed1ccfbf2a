"""More about an application, for its owner: asks for a number that only the owner knows.

The number goes from the message to the portal and nowhere else. No slot ever holds it: the form's slot says
only that something was given, and the action reads the same turn's message again. What is stored of the
message is a mask (bot/secrets.py for Rasa's log, channels/inbox.py for the inbox).
"""

from __future__ import annotations

from typing import Any

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.exc import SQLAlchemyError

from actions import application_facts as facts
from actions import portal
from actions.speech import PORTAL_TITLE, Button, say
from actions.turn import Turn, misses, payload, read
from portal.codes import parse_application_code
from portal.errors import PortalError
from portal.owner import Disclosure, Factor, read_factor

log = structlog.get_logger(__name__)

_OPENS = "verify_application"
_GIVEN = "given"
_ABOUT = "check_application_status"
"""The intent of the taxonomy under which these answers are recorded."""


class ValidateVerifyForm(Action):
    """Sees whether a number was given; lets other questions through."""

    def name(self) -> str:
        return "validate_verify_form"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        if turn.pressed and turn.intent == _OPENS:
            named = turn.entities.get("application_code") or tracker.get_slot("application_code") or ""
            code = parse_application_code(str(named))
            if code is None or not portal.client().offers("verify"):
                return [SlotSet("second_factor", "impossible")]
            return [SlotSet("verify_code", code), SlotSet("second_factor", await _locked(tracker, code))]
        if turn.pressed:
            return []
        if read_factor(turn.text):
            return [SlotSet("second_factor", _GIVEN)]
        return [SlotSet("second_factor", None)] if _failed(turn) else []


async def _locked(tracker: Tracker, code: str) -> str | None:
    until = await portal.attempts().locked(portal.who(tracker), code)
    return "locked" if until else None


def _failed(turn: Turn) -> bool:
    """Whether the message tried to answer and has no number that could be the one."""
    return misses(turn, _OPENS) or (not turn.pressed and turn.intent == "inform_application_code")


class ActionAskSecondFactor(Action):
    """Asks for the number, and says what becomes of it."""

    def name(self) -> str:
        return "action_ask_second_factor"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        code = str(tracker.get_slot("verify_code") or "")
        record = {"intent": _ABOUT, "application_code": code or None}
        if turn.intent == _OPENS:
            say(dispatcher, "ask_second_factor", status="form", record=record, code=code, secret=True)
        elif _failed(turn):
            say(dispatcher, "second_factor_unreadable", status="form", record=record, secret=True)
        else:
            dispatcher.utter_message(response="ask_second_factor_again", answer={}, code=code, secret=True)
        return []


class ActionVerifyApplication(Action):
    """Has the portal decide, and tells the owner what the portal tells."""

    def name(self) -> str:
        return "action_verify_application"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        code = str(tracker.get_slot("verify_code") or "")
        factor = read_factor(read(tracker).text) if tracker.get_slot("second_factor") == _GIVEN else None
        record = {"intent": _ABOUT, "application_code": code or None}
        if not code or not portal.client().offers("verify"):
            say(dispatcher, "verification_impossible", status="portal_unavailable", record=record)
        else:
            await _verify(dispatcher, tracker, code, factor, record)
        return [SlotSet("second_factor", None), SlotSet("verify_code", None)]


async def _verify(
    dispatcher: CollectingDispatcher,
    tracker: Tracker,
    code: str,
    factor: Factor | None,
    record: dict[str, Any],
) -> None:
    attempts, who = portal.attempts(), portal.who(tracker)
    try:
        until = await (attempts.start(who, code) if factor else attempts.locked(who, code))
    except SQLAlchemyError as error:
        # Attempts that cannot be counted are not made.
        log.error("attempts not counted", reason=type(error).__name__)
        _say_down(dispatcher, code, record)
        return
    if until or factor is None:
        say(dispatcher, "verification_locked", status="refused", record=record, until=facts.moment(until))
        return
    try:
        shown = await portal.client().verify(code, factor)
    except PortalError as error:
        log.warning("verification failed", reason=type(error).__name__)
        await attempts.finish(who, code, "unavailable")
        _say_down(dispatcher, code, record)
        return
    await attempts.finish(who, code, "verified" if shown else "refused")
    if shown:
        _tell(dispatcher, shown, record)
    else:
        # One answer for a code that does not exist and for a number that is not its owner's.
        say(dispatcher, "verification_refused", status="refused", record=record, choices=[_again(code)])


def _say_down(dispatcher: CollectingDispatcher, code: str, record: dict[str, Any]) -> None:
    say(
        dispatcher,
        "verification_down",
        status="portal_unavailable",
        record=record,
        choices=[_again(code)],
    )


def _again(code: str) -> Button:
    again = payload(_OPENS, application_code=code)
    return Button(title={"response": "button_try_again"}, payload=again)


def _tell(dispatcher: CollectingDispatcher, shown: Disclosure, record: dict[str, Any]) -> None:
    source = {
        "title": PORTAL_TITLE,
        "url": shown.source_url,
        "as_of": shown.as_of.isoformat(timespec="minutes"),
    }
    messages = [
        {"response": "label_officer_message", "date": facts.day(one.at), "message": one.text}
        if one.at
        else {"response": "label_item", "value": one.text}
        for one in shown.messages
    ]
    say(
        dispatcher,
        "application_owner",
        status="answered",
        record={**record, "sources": [source]},
        code=shown.code,
        owner=shown.owner,
        messages={"response": "label_officer_messages", "messages": messages} if messages else "",
        no_messages="" if messages else {"response": "label_no_officer_messages"},
        fee_due=facts.fee_due(shown.fee_due),
        pay_how={"response": "label_pay_how", "how": shown.pay_how} if shown.pay_how else "",
        no_fee="" if shown.fee_due else {"response": "label_no_fee_due"},
    )
