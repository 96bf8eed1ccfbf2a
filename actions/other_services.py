"""Questions that sound like one about a procedure, name none, and are another service's."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import applications, offices, person, recent
from actions.resolve import Missing, NotFound, Resolution
from actions.turn import Turn


async def instead(
    dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn, resolution: Resolution
) -> list[EventType] | None:
    """What another service says to it; None: no other has an answer.

    "Nhà em ở phường Hồng Gai cũ, nộp hồ sơ ở đâu" is answered with the office, and "khi nào có kết quả"
    after an application's status with that status.
    """
    if turn.pressed or not isinstance(resolution, Missing | NotFound):
        return None
    if await person.asked_how_long(dispatcher, tracker, turn):
        return []
    if resolution.aspect == "place" and offices.names_a_place(turn.text):
        return await offices.of_place(dispatcher, tracker, turn.text)
    if isinstance(resolution, Missing) and resolution.aspect == "processing_time":
        asked = recent.recent(tracker)
        return await applications.tell(dispatcher, tracker, asked[0]["code"]) if asked else None
    return None
