"""Messages that mean something only right after an answer: points, when a report will be dealt with."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, FollowupAction

from actions import ratings
from actions.reports import outcome
from actions.turn import Turn


def instead(tracker: Tracker, turn: Turn) -> list[EventType] | None:
    """The service that goes on with what it asked or told last; None for all other messages."""
    if ratings.answers_stars(tracker, turn):
        return [FollowupAction("action_rate")]
    if outcome.asks_when_done(tracker, turn):
        return [FollowupAction("action_report_status")]
    return None
