"""What the platform tells us, from the webhook and from polling alike.

The documentation shows {"ok": true, "result": {event_name, message}}, live traffic is flat: both are read.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from channels.reception import Received
from troly.clock import now
from troly.text import clean

_PREFIX, _SUFFIX = "message.", ".received"


class NotAnEvent(ValueError):
    """The body is no event of this platform."""


def read(body: object) -> Received | None:
    """The citizen's message in an event; None for what is not for us to answer.

    Not answered are messages of bots (also our own), of groups, which are a trial of the platform and
    would show one citizen's matters to others, and events that we do not know. Raises NotAnEvent.
    """
    event = _event(body)
    message = event.get("message")
    if not isinstance(message, dict):
        return None
    chat, sender = message.get("chat"), message.get("from")
    if not isinstance(chat, dict) or not isinstance(sender, dict) or sender.get("is_bot") is True:
        return None
    chat_id, sender_id = _id(chat.get("id")), _id(sender.get("id"))
    if chat_id is None or not _is_private(chat, chat_id, sender_id):
        return None
    text, media = _content(str(event["event_name"]), message)
    if text is None and media is None:
        return None
    return Received(
        external_id=chat_id,
        message_id=_id(message.get("message_id")) or _fingerprint(event),
        received_at=now(),
        text=text,
        media=media,
        display_name=_word(sender.get("display_name")),
    )


def _event(body: object) -> dict[str, Any]:
    if isinstance(body, dict) and isinstance(body.get("result"), dict) and "event_name" not in body:
        body = body["result"]
    if not isinstance(body, dict) or not isinstance(body.get("event_name"), str):
        raise NotAnEvent
    return body


def _is_private(chat: dict[str, Any], chat_id: str, sender_id: str | None) -> bool:
    kind = chat.get("chat_type")
    if isinstance(kind, str):
        return kind.upper() == "PRIVATE"
    # A private chat has the citizen's own id.
    return chat_id == sender_id


def _content(event_name: str, message: dict[str, Any]) -> tuple[str | None, dict[str, Any] | None]:
    if not (event_name.startswith(_PREFIX) and event_name.endswith(_SUFFIX)):
        return None, None
    kind = event_name[len(_PREFIX) : -len(_SUFFIX)]
    text = _word(message.get("text"))
    match kind:
        case "text":
            return text, None
        case "image":
            url = _word(message.get("photo")) or _word(message.get("photo_url"))
            return None, _media("image", url=url, caption=_word(message.get("caption")))
        case "voice":
            return None, _media("voice", url=_word(message.get("voice_url")))
        case "sticker":
            return None, _media("sticker", file_id=_word(message.get("sticker")))
        case "link" if text:
            return text, None
        case "link":
            return None, _media("link", url=_word(message.get("url")))
        case "unsupported":
            # Also what the platform sends in place of a protected account's message.
            return None, _media("unsupported")
    return None, None


def _media(kind: str, **values: str | None) -> dict[str, Any]:
    return {"kind": kind} | {name: value for name, value in values.items() if value}


def _id(value: object) -> str | None:
    """Ids are opaque strings; older events wrote some as numbers."""
    if type(value) is int:
        return str(value)
    return _word(value)


def _word(value: object) -> str | None:
    return (clean(value).strip() or None) if isinstance(value, str) else None


def _fingerprint(event: dict[str, Any]) -> str:
    """Stands in for a missing message id: a redelivery has the same body."""
    return hashlib.sha256(json.dumps(event, sort_keys=True).encode()).hexdigest()[:32]
