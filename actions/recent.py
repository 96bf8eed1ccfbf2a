"""Applications that were asked about before in this conversation: "hồ sơ hôm trước"."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet

from actions.speech import Button
from actions.turn import payload
from actions.values import shorten
from portal.models import Application
from troly.text import fold

SLOT = "recent_applications"
_MOST = 5
_TITLE = 60

_EARLIER = re.compile(
    r"\b(?:hom truoc|lan truoc|bua truoc|bua hom|hom no|hom bua|truoc do|hoi nay|ban nay|vua nay|luc nay"
    r"|vua hoi|da hoi|tung hoi|ho so cu"
    r"|previous|earlier|the other day|last time|asked (?:about )?before|from before)\b"
)
_ANOTHER = re.compile(
    r"\b(?:(?:ho so|hs|ma|cai|bo) khac|another (?:one|application|file|dossier|code)"
    r"|(?:different|other) (?:one|application|file|dossier|code))\b"
)


def recent(tracker: Tracker) -> list[dict[str, str]]:
    """The last codes, newest first: {"code", "name"}."""
    kept = tracker.get_slot(SLOT)
    return list(kept) if isinstance(kept, list) else []


def remember(tracker: Tracker, application: Application) -> list[EventType]:
    """Put an application first among the last ones."""
    name = application.procedure_name
    others = [one for one in recent(tracker) if one["code"] != application.code]
    return [SlotSet(SLOT, [{"code": application.code, "name": name}, *others][:_MOST])]


def means_earlier(text: str) -> bool:
    """Whether a message speaks of an application asked about before."""
    return bool(_EARLIER.search(fold(text)))


def means_another(text: str) -> bool:
    """Whether a message speaks of another application than the last."""
    return bool(_ANOTHER.search(fold(text)))


def buttons(tracker: Tracker, intent: str) -> list[Button]:
    """A button for each of the last applications."""
    return [
        Button(title=_title(one), payload=payload(intent, application_code=one["code"]))
        for one in recent(tracker)
    ]


def _title(one: dict[str, str]) -> Any:
    return f"{one['code']}: {shorten(one['name'], _TITLE)}" if one["name"] else one["code"]
