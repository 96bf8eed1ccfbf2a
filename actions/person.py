"""Speaking to a person: how things stand at the desk, who is asked, and a message where nobody is there.

Nothing is stored here. The answer record tells the gateway what was wished, and it does that together with
storing the answer (channels/turns.py).
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import portal
from actions.speech import Button, say
from actions.turn import Turn, misses, payload, read
from troly.answers.opening import hours_of, opening_of
from troly.clock import VIETNAM, now
from troly.hours import OfficeHours
from troly.settings import settings
from troly.tables.controls import retention_days
from troly.tables.handover import HELD, WAITING, Desk, desk
from troly.text import fold

_ABOUT = {"intent": "talk_to_human"}
_NOT_NEEDED = re.compile(
    r"\b(?:(?:khong|ko|k|khoi|thoi)\b.{0,20}\b(?:gap|can|cho)|(?:no|not|do ?n.?t|cancel|never ?mind)\b.*"
    r"\b(?:need|more|wait|longer|official|person|human))\b"
)
_HOW_LONG = re.compile(
    r"(?:(?:sao|ma|cho|doi|the|con|phai|toi|em|minh|bao gio|khi nao|may gio) )*"
    r"(?:lau (?:qua|the|vay|ghe)|bao lau(?: nua)?|(?:moi|thi) (?:co|gap)(?: duoc)? (?:nguoi|can bo)"
    r"|den luot (?:toi|em|minh)(?: chua)?|co ai chua|chua thay ai)(?: (?:roi|nua|vay|the|a|nhi|di|ha))*"
    r"|(?:how (?:long|much longer|many people)|when)(?: (?:do|must|should|will|is|are|i|we|you|it|have to"
    r"|wait|take|still|someone|somebody|a person|an official|answer|ahead|before|me|come|more|my turn))*"
    r"|(?:it is |it s |it s taking |this is |is )?(?:too|so|taking too|very) (?:slow|long)"
    r"|(?:is )?(?:any(?:one|body)|some(?:one|body)) (?:there|here|coming)|still waiting"
)
"""Who waits for an official asks how long still."""
_NO_NUMBER = re.compile(
    r"(?:(?:khong|ko|k|no|khoi|thoi|bo qua|skip)\b[ ,.]*)+(?:can|muon|co|so|a|thanks?)*\W*"
)
_NUMBER = re.compile(r"(?:\+?84|0)(?:[ .-]?\d){8,10}(?!\d)")


class ActionTalkToHuman(Action):
    """Says who is there, how many wait and for how long; asks an official when the office is open."""

    def name(self) -> str:
        return "action_talk_to_human"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        async with portal.engine().connect() as connection:
            found = await desk(connection, tracker.sender_id)
        if found.state == WAITING and _is_not_needed(turn):
            _cancelled(dispatcher)
        elif found.state in (WAITING, HELD):
            _still(dispatcher, found)
        elif not settings().handover_minutes:
            say(dispatcher, "person_elsewhere", status="answered", record=_ABOUT, hours=hours_of(""))
        elif (hours := await _hours()).is_open(now()):
            _asked(dispatcher, found)
        else:
            say(
                dispatcher,
                "person_closed",
                status="answered",
                record=_ABOUT,
                choices=[_leave_button()],
                hours=hours_of(""),
                opening=opening_of("", now(), hours.calendar),
            )
        return []


class ActionCancelHandover(Action):
    """The citizen needs no official any more."""

    def name(self) -> str:
        return "action_cancel_handover"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        _cancelled(dispatcher)
        return []


class ActionHandoverExpired(Action):
    """Nobody came in time: says so, and offers to take a message."""

    def name(self) -> str:
        return "action_handover_expired"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        say(
            dispatcher,
            "person_expired",
            status="answered",
            record=_ABOUT,
            choices=[
                _leave_button(),
                Button(title={"response": "button_ask_again"}, payload="/talk_to_human"),
            ],
            minutes=settings().handover_minutes,
        )
        return []


class ValidateMessageForm(Action):
    """Takes the message, then the number or the wish to give none; remembers only where they stand."""

    def name(self) -> str:
        return "validate_message_form"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        if turn.intent == "cancel":
            return []
        asked = tracker.get_slot("requested_slot")
        if asked == "message_about" and not turn.pressed:
            return [SlotSet("message_about", _message_id(tracker))]
        if asked == "message_phone":
            if turn.entities.get("without_phone") or (not turn.pressed and _declines(turn)):
                return [SlotSet("message_phone", "none")]
            shared = turn.intent == "share" and "phone" in turn.entities
            if shared or (not turn.pressed and _NUMBER.search(turn.text)):
                return [SlotSet("message_phone", _message_id(tracker))]
            if misses(turn, "talk_to_human"):
                return [SlotSet("message_phone", None)]
        return []


class ActionAskMessageAbout(Action):
    """Asks what the message is about."""

    def name(self) -> str:
        return "action_ask_message_about"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        if read(tracker).intent == "leave_message":
            say(dispatcher, "ask_message_about", status="form", record=_ABOUT)
        else:
            dispatcher.utter_message(response="ask_message_about", answer={})
        return []


class ActionAskMessagePhone(Action):
    """Asks where to call back, says what becomes of the number, and takes no for an answer."""

    def name(self) -> str:
        return "action_ask_message_phone"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        without = Button(
            title={"response": "button_without_phone"}, payload=payload("leave_message", without_phone=True)
        )
        async with portal.engine().connect() as connection:
            days, _ = await retention_days(connection, settings())
        just_asked = tracker.get_slot("requested_slot") == "message_phone"
        if just_asked and not misses(turn, "talk_to_human"):
            # Another question came between and has its own answer.
            dispatcher.utter_message(
                response="ask_message_phone", answer={}, choices=[without], days=days, secret=True
            )
            return []
        name = "message_phone_unknown" if just_asked else "ask_message_phone"
        say(dispatcher, name, status="form", record=_ABOUT, choices=[without], days=days, secret=True)
        return []


class ActionLeaveMessage(Action):
    """The message is complete: the gateway keeps it, and the citizen learns when somebody will look."""

    def name(self) -> str:
        return "action_leave_message"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        phone = tracker.get_slot("message_phone")
        wish = {
            "wish": "message",
            "about": tracker.get_slot("message_about"),
            "phone": None if phone == "none" else phone,
        }
        say(
            dispatcher,
            "message_left" if phone == "none" else "message_left_with_phone",
            status="handed_over",
            record={**_ABOUT, "handover": wish},
            when=_when_looked_at(await _hours(), now()),
        )
        return [SlotSet("message_about", None), SlotSet("message_phone", None)]


async def _hours() -> OfficeHours:
    return OfficeHours.parse(settings().office_hours, await portal.calendar())


def _asked(dispatcher: CollectingDispatcher, found: Desk) -> None:
    say(
        dispatcher,
        "person_asked",
        status="handed_over",
        record=_ABOUT,
        choices=[_cancel_button()],
        present={"response": "label_present" if found.present else "label_absent"},
        queue=_queue(found),
        wait=_wait(found),
        minutes=settings().handover_minutes,
    )


def _still(dispatcher: CollectingDispatcher, found: Desk) -> None:
    asked_at = found.asked_at or now()
    say(
        dispatcher,
        "person_asked_before",
        status="handed_over",
        record=_ABOUT,
        choices=[_cancel_button()],
        time=f"{asked_at.astimezone(VIETNAM):%H:%M}",
        queue=_queue(found),
        wait=_wait(found),
        minutes=settings().handover_minutes,
    )


async def given_up(dispatcher: CollectingDispatcher, tracker: Tracker) -> bool:
    """Takes who waits for an official and writes "thôi không chờ nữa" out of the queue; else False."""
    if not _is_not_needed(read(tracker)):
        return False
    async with portal.engine().connect() as connection:
        found = await desk(connection, tracker.sender_id)
    if found.state == WAITING:
        _cancelled(dispatcher)
    return found.state == WAITING


async def asked_how_long(dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn) -> bool:
    """Tells who waits for an official and writes "lâu quá" how long it may still be; else False."""
    if turn.pressed or not _HOW_LONG.fullmatch(turn.words):
        return False
    async with portal.engine().connect() as connection:
        found = await desk(connection, tracker.sender_id)
    if found.state == WAITING:
        _still(dispatcher, found)
    return found.state == WAITING


def _cancelled(dispatcher: CollectingDispatcher) -> None:
    record = {**_ABOUT, "handover": {"wish": "cancel"}}
    say(dispatcher, "person_cancelled", status="smalltalk", record=record)


def _queue(found: Desk) -> dict[str, Any]:
    if not found.ahead:
        return {"response": "label_queue_empty"}
    return {"response": "label_queue", "count": found.ahead}


def _wait(found: Desk) -> dict[str, Any]:
    if found.minutes is None:
        return {"response": "label_wait_unknown"}
    return {"response": "label_wait", "count": max(found.minutes, 1)}


def _when_looked_at(hours: OfficeHours, moment: datetime) -> dict[str, Any]:
    opening = None if hours.is_open(moment) else hours.next_opening(moment)
    if opening is None:
        return {"response": "label_looked_at_today"}
    day = opening.astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M")
    return {"response": "label_looked_at", "date": {"date": day}}


def _is_not_needed(turn: Turn) -> bool:
    return not turn.pressed and bool(_NOT_NEEDED.search(fold(turn.text)))


def _declines(turn: Turn) -> bool:
    return turn.intent == "deny" or bool(_NO_NUMBER.fullmatch(fold(turn.text)))


def _message_id(tracker: Tracker) -> str:
    """The inbox row of the latest message (the gateway's metadata)."""
    return str((tracker.latest_message.get("metadata") or {}).get("message_id") or "")


def _leave_button() -> Button:
    return Button(title={"response": "button_leave_message"}, payload="/leave_message")


def _cancel_button() -> Button:
    return Button(title={"response": "button_cancel_handover"}, payload="/cancel_handover")
