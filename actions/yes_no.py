"""A bare yes, no or "never mind": what it means depends on what was asked before."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import my_data, person, right_after
from actions.life_events import hook as life_events
from actions.procedures import respond
from actions.resolve import chosen
from actions.speech import say
from actions.turn import read


class ActionAffirm(Action):
    """Takes what was offered: a "yes", or a bare "the second"."""

    def name(self) -> str:
        return "action_affirm"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        if (goes_on := right_after.instead(tracker, turn)) is not None:
            return goes_on
        if taken := chosen(turn):
            return await respond(dispatcher, taken, turn)
        if turn.choices and "ordinal" in turn.entities:
            say(dispatcher, "choice_out_of_range", status="clarify", count=len(turn.choices))
            return []
        taken_over = await life_events.instead(dispatcher, tracker, turn)
        if taken_over is not None:
            return taken_over
        if my_data.asked_to_erase(tracker):
            return [FollowupAction("action_erase_my_data")]
        say(dispatcher, "utter_affirm", status="smalltalk")
        return []


class ActionDeny(Action):
    """A no: nothing is erased, or the citizen wants something else."""

    def name(self) -> str:
        return "action_deny"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        if (goes_on := right_after.instead(tracker, read(tracker))) is not None:
            return goes_on
        kept = my_data.asked_to_erase(tracker)
        say(dispatcher, "utter_data_kept" if kept else "utter_deny", status="smalltalk")
        return []


class ActionCancel(Action):
    """Leaves whatever was asked; the procedure in focus stays."""

    def name(self) -> str:
        return "action_cancel"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        if (goes_on := right_after.instead(tracker, read(tracker))) is not None:
            return goes_on
        if my_data.asked_to_erase(tracker):
            say(dispatcher, "utter_data_kept", status="smalltalk")
        elif not await person.given_up(dispatcher, tracker):
            say(dispatcher, "utter_cancelled", status="smalltalk")
        return [SlotSet("choices", None)]
