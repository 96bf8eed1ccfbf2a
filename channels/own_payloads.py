"""Buttons that the gateway answers itself, because what they ask for are its own records."""

from __future__ import annotations

import json
from typing import Literal

from troly.tables.delivery import INTERNAL

Wish = Literal["erase", "transcript", "no_broadcasts"]

ERASE = '/erase_my_data{"confirmed": true}'
TRANSCRIPT = "/send_my_transcript"
NO_BROADCASTS = "/stop_broadcasts"


def wish_of(payload: str | None) -> Wish | None:
    """What the payload asks of the gateway; None for one that is the assistant's to answer.

    `/erase_my_data` alone is the assistant's: it asks for the confirmation.
    """
    if payload is None:
        return None
    name, brace, values = payload.partition("{")
    if name == TRANSCRIPT:
        return "transcript"
    if name == NO_BROADCASTS:
        return "no_broadcasts"
    if name == "/erase_my_data" and brace:
        try:
            given = json.loads(brace + values)
        except ValueError:
            return None
        return "erase" if isinstance(given, dict) and given.get("confirmed") is True else None
    return None


def is_for_staff(payload: str | None) -> bool:
    """Whether a message goes to staff while they hold the conversation.

    What the system says by itself goes on, and so do a citizen's rights over their own data.
    """
    return payload is None or not (payload.startswith(INTERNAL) or wish_of(payload))
