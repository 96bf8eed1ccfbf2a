"""Switching the language by asking or by button."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.speech import say
from actions.turn import read

_AVAILABLE = frozenset({"vi", "en"})


class ActionChangeLanguage(Action):
    """Answers in the language asked for; says which there are when it is another one or none is named."""

    def name(self) -> str:
        return "action_change_language"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        wanted = read(tracker).entities.get("requested_language")
        if wanted in _AVAILABLE:
            # The generator reads the slot of the tracker before these events: name the language here too.
            say(dispatcher, "utter_language_changed", status="smalltalk", language=wanted)
            return [SlotSet("language", wanted)]
        if wanted:
            say(dispatcher, "utter_language_unavailable", status="refused")
        else:
            say(dispatcher, "utter_ask_language", status="clarify")
        return []
