"""My data: what is kept of this conversation and for how long, and the ways to read or erase it.

Reading and erasing are the gateway's (channels/own_payloads.py); here are only the words before them.
"""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import func, select

from actions import portal
from actions.speech import Button, say
from actions.turn import done_before, payload, read
from troly.clock import VIETNAM
from troly.settings import settings
from troly.tables.channels import AddressRow, MediaRow
from troly.tables.controls import retention_days
from troly.tables.conversations import Conversation
from troly.tables.delivery import Inbox

_ABOUT = {"intent": "delete_my_data"}


class ActionMyData(Action):
    """What is kept, for how long, and the buttons to have it or to have it erased."""

    def name(self) -> str:
        return "action_my_data"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        identity = tracker.sender_id
        async with portal.engine().connect() as connection:
            begun = await connection.scalar(
                select(Conversation.created_at).where(Conversation.id == identity)
            )
            messages = await connection.scalar(
                select(func.count()).select_from(Inbox).where(Inbox.conversation_id == identity)
            )
            media = await connection.scalar(
                select(func.count()).select_from(MediaRow).where(MediaRow.conversation_id == identity)
            )
            days, days_with_report = await retention_days(connection, settings())
            address = await connection.scalar(
                select(func.count()).select_from(AddressRow).where(AddressRow.conversation_id == identity)
            )
        day = begun.astimezone(VIETNAM).date().isoformat() if begun else ""
        say(
            dispatcher,
            "my_data",
            status="answered",
            record=_ABOUT,
            choices=[
                Button(title={"response": "button_erase"}, payload="/erase_my_data"),
                Button(title={"response": "button_transcript"}, payload="/send_my_transcript"),
            ],
            messages={"response": "label_my_messages", "count": messages, "date": {"date": day}}
            if begun
            else "",
            media={"response": "label_my_media", "count": media} if media else "",
            address={"response": "label_my_address"} if address else "",
            days=days,
            days_with_report=days_with_report,
        )
        return []


class ActionEraseMyData(Action):
    """Asks once more before everything goes; a bare yes erases nothing, that takes the button."""

    def name(self) -> str:
        return "action_erase_my_data"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        again = done_before(tracker) == self.name() and not read(tracker).pressed
        say(
            dispatcher,
            "erase_again" if again else "erase_question",
            status="clarify",
            record=_ABOUT,
            choices=[
                Button(
                    title={"response": "button_erase_yes"}, payload=payload("erase_my_data", confirmed=True)
                ),
                Button(title={"response": "button_erase_no"}, payload="/keep_my_data"),
            ],
        )
        return []


def asked_to_erase(tracker: Tracker) -> bool:
    """Whether the last answer offered to erase everything, or asked whether that is meant."""
    return done_before(tracker) in ("action_my_data", "action_erase_my_data")
