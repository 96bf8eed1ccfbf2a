"""Where questions about procedures meet life events: what the procedure finder's answer leaves to them."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.life_events.checklist import ticked_off
from actions.life_events.files import Event, events
from actions.life_events.form import button
from actions.resolve import chosen
from actions.speech import Button
from actions.turn import Turn

_SITUATIONS = ("ask_procedure", "ask_documents", "ask_steps")
"""The intents that a bare situation ("vợ mới sinh") is taken for."""


async def instead(dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn) -> list[EventType] | None:
    """What a life event makes of the message; None: it is a question about one procedure.

    Only a message that is nothing but a situation opens one, and only where the finder is not sure of a
    procedure and the message takes none of the choices on offer.
    """
    noted = await ticked_off(dispatcher, tracker, turn)
    if noted is not None:
        return noted
    if turn.decision == "answer" or chosen(turn) or (event := stated(turn)) is None:
        return None
    return [SlotSet("life_event", event.id), SlotSet("life_answers", {}), FollowupAction("life_form")]


def stated(turn: Turn) -> Event | None:
    """The life event whose bare situation the message states."""
    if turn.pressed or "procedure_code" in turn.entities or turn.intent not in _SITUATIONS:
        return None
    return events().match(turn.text)


def offered(turn: Turn, code: str) -> list[Button]:
    """Beside the answer about one procedure: a button to the event that was stated or begins with it."""
    event = stated(turn) or (events().with_procedure(code) if turn.aspect == "overview" else None)
    return [button(event)] if event else []
