"""What a citizen shared without being asked: a photo, a location, a phone number."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions.reports import photos
from actions.speech import Button, say
from actions.turn import payload, read


class ActionShared(Action):
    """Says what can be done with it; a form that wants it has taken it before."""

    def name(self) -> str:
        return "action_shared"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        entities = turn.entities
        about = {"intent": "share"}
        if "latitude" in entities and "longitude" in entities:
            where = {"latitude": str(entities["latitude"]), "longitude": str(entities["longitude"])}
            nearest = Button(
                title={"response": "button_nearest_office"}, payload=payload("find_office", **where)
            )
            here = Button(title={"response": "button_report_here"}, payload=payload("report_issue", **where))
            say(dispatcher, "shared_location", status="clarify", record=about, choices=[nearest, here])
            return []
        if "phone" in entities:
            say(dispatcher, "shared_phone", status="clarify", record=about)
            return []
        name = await photos.own(entities.get("photo"), tracker.sender_id)
        if not name:
            say(dispatcher, "shared_lost", status="clarify", record=about)
            return []
        report = Button(
            title={"response": "button_report_photo"}, payload=payload("report_issue", photo=name)
        )
        check = Button(title={"response": "button_check_application"}, payload="/check_application_status")
        say(dispatcher, "shared_photo", status="clarify", record=about, choices=[report, check])
        return []
