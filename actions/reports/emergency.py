"""Danger first: whom to call, at once, whatever was being talked about."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.speech import Button, say
from actions.turn import payload, read
from troly.emergencies import emergency_in


class ActionEmergency(Action):
    """The numbers of the fire brigade, the police and the ambulance, the one that is needed first."""

    def name(self) -> str:
        return "action_emergency"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        text = read(tracker).text
        kind = emergency_in(text) or "danger"
        safe = Button(
            title={"response": "button_report_after_danger"},
            payload=payload("report_issue", report_choice="from_before"),
        )
        going = bool((tracker.active_loop or {}).get("name"))
        say(
            dispatcher,
            f"emergency_{kind}",
            status="answered",
            record={"intent": "report_issue"},
            choices=[safe],
            resume={"response": "label_emergency_resume"} if going else "",
        )
        return [SlotSet("report_emergency", text[:1000])]
