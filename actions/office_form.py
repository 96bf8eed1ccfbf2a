"""The question for the commune whose office is wanted."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import portal
from actions.offices import LAST, names_a_place, province_button
from actions.speech import say
from actions.turn import Turn, already_answered, misses, read
from troly.answers.opening import hours_of, opening_of
from troly.clock import now
from troly.text import fold

_HOURS = re.compile(
    r"\b(?:(?:mo|dong) cua|gio (?:lam|mo|hanh chinh)|may gio|co lam (?:viec|k|ko|khong)|chu nhat|cn"
    r"|thu (?:bay|7)|t7|cuoi tuan|nghi (?:trua|le|tet)"
    r"|open(?:s|ing)?|close[sd]?|closing|hours?|saturdays?|sundays?|weekends?)\b"
)
"""Asks when rather than where."""
_ANOTHER = re.compile(
    r"\b(?:cong an|bao hiem|bhxh|thue|toa an|kho bac|vien|truong|benh vien|ngan hang|buu dien|tinh|huyen"
    r"|xa|phuong|khac|police|tax|insurance|court|school|hospital|bank|post|province|ward|commune|another|other)\b"
)
_FEW = 6
"""Words of a message that goes on with the office told before it ("số điện thoại", "thứ bảy mở không")."""


class ValidateOfficeForm(Action):
    """Takes the commune from the message; lets other questions through."""

    def name(self) -> str:
        return "validate_office_form"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        if "latitude" in turn.entities or "commune_code" in turn.entities:
            return [SlotSet("office_place", "shared")]
        if not turn.pressed and names_a_place(turn.text):
            return [SlotSet("office_place", turn.text[:200])]
        if (last := tracker.get_slot(LAST)) and _goes_on(turn):
            return [SlotSet("office_place", str(last))]
        if misses(turn, "find_office"):
            return [SlotSet("office_place", None)]
        return []


class ActionAskOfficePlace(Action):
    """Asks for the commune."""

    def name(self) -> str:
        return "action_ask_office_place"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        if already_answered(tracker):
            # What came between has its own answer record; a turn has only one.
            dispatcher.utter_message(response="ask_office_place_again", answer={})
            return []
        about: dict[str, Any] = {"record": {"intent": "find_office"}, "choices": [province_button()]}
        if _HOURS.search(fold(turn.text)):
            opening = opening_of("", now(), await portal.calendar())
            say(
                dispatcher,
                "ask_office_place_hours",
                status="form",
                hours=hours_of(""),
                opening=opening,
                **about,
            )
            return []
        again = tracker.get_slot("requested_slot") == "office_place" and turn.intent != "find_office"
        say(dispatcher, "office_place_unknown" if again else "ask_office_place", status="form", **about)
        return []


def _goes_on(turn: Turn) -> bool:
    """Whether it asks something else about the office that was told before."""
    words = fold(turn.text)
    few = len(words.split()) <= _FEW and "sở" not in turn.text.lower()
    return few and not turn.pressed and turn.intent == "find_office" and not _ANOTHER.search(words)
