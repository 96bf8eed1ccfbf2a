"""Zalo's webhook events, read as what they mean here: a message, someone who joined or left, or nothing.

Nothing in a body is trusted to have the documented form: what has not is ignored, never an error.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from channels.reception import Received
from channels.zalo_oa import menu
from channels.zalo_oa.attachments import media_of, shared_contact
from troly.text import clean

TEXT_LIMIT = 10_000
_ATTACHMENTS = 10
# As channels/choices.py makes them; what such a text picks, and whether anything, is looked up there.
_REFERENCE = re.compile(r"b:\d{1,9}:\d{1,2}")
_ID = re.compile(r"[0-9A-Za-z_.-]{1,64}")
_MESSAGE_ID = re.compile(r"[\x21-\x7e]{1,120}")
_SPOKEN = re.compile(
    r"(user|anonymous)_send_(text|link|audio|video|sticker|gif|file|location|business_card|image)"
)
ANONYMOUS = "anonymous:"
"""Begins the external id of a visitor without an account: anonymous:<conversation>:<visitor>."""


@dataclass(frozen=True, slots=True)
class Message:
    """A citizen said something."""

    received: Received


@dataclass(frozen=True, slots=True)
class Joined:
    """A citizen follows the account, or opened its chat for the first time: it may write to them."""

    external_id: str


@dataclass(frozen=True, slots=True)
class Left:
    """A citizen does not follow the account any more."""

    external_id: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A citizen wants everything deleted that is kept about them, and told us or Zalo so."""

    external_id: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing to do: our own messages, receipts, and events that we do not know."""

    name: str
    expected: bool


Event = Message | Joined | Left | Withdrawn | Ignored


def parse(raw: bytes) -> dict[str, Any] | None:
    """The body as an object, numbers kept as they are written; None for anything else."""
    try:
        body = json.loads(raw, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def timestamp_of(body: dict[str, Any]) -> str:
    """The timestamp as it is written in the body."""
    moment = body.get("timestamp")
    return moment if isinstance(moment, str) else ""


def read(body: dict[str, Any], raw: bytes, received_at: datetime, oa_id: str = "") -> list[Event]:
    """What the body means, never nothing. With `oa_id`, events of other accounts are ignored."""
    name = _name(body.get("event_name"))
    if oa_id and _is_of_another(body, oa_id):
        return [Ignored(f"{name}:other_account", expected=False)]
    for names, kind, key in (
        (("follow",), Joined, "follower"),
        (("user_click_chatnow",), Joined, "user_id"),
        (("unfollow",), Left, "follower"),
        (("user_withdraw",), Withdrawn, "user_id"),
    ):
        if name in names and (who := _identity(body.get(key))):
            return [kind(who)]
    sender = _identity(body.get("sender"))
    if name == "user_submit_info" and sender:
        return [Message(_received(sender, _derived(raw), received_at, media=shared_contact(body)))]
    if (found := _SPOKEN.fullmatch(name)) and sender:
        return _messages(body, raw, received_at, sender, anonymous=found[1] == "anonymous", kind=found[2])
    return [Ignored(name, expected=_is_expected(name))]


def _messages(
    body: dict[str, Any], raw: bytes, received_at: datetime, sender: str, *, anonymous: bool, kind: str
) -> list[Event]:
    message = body.get("message")
    message = message if isinstance(message, dict) else {}
    if anonymous:
        conversation = _identity(message.get("conversation_id"))
        if not conversation:
            return [Ignored("anonymous_without_conversation", expected=False)]
        sender = f"{ANONYMOUS}{conversation}:{sender}"
    given = message.get("msg_id")
    message_id = given if isinstance(given, str) and _MESSAGE_ID.fullmatch(given) else _derived(raw)
    text = clean(message["text"])[:TEXT_LIMIT] if isinstance(message.get("text"), str) else ""
    if kind == "text" and text:
        return [_said(sender, message_id, received_at, text)]
    attachments = message.get("attachments")
    several = attachments[:_ATTACHMENTS] if isinstance(attachments, list) and attachments else [None]
    events: list[Event] = []
    for number, attachment in enumerate(several, start=1):
        media = media_of(kind, attachment, message)
        if kind == "link" and text and text != media.get("url"):
            # Words with an address in them, of which Zalo has made a card.
            return [_said(sender, message_id, received_at, text)]
        if text and number == 1 and kind != "link":
            media["caption"] = text
        own_id = message_id if number == 1 else f"{message_id}:{number}"
        events.append(Message(_received(sender, own_id, received_at, media=media)))
    return events


def _said(sender: str, message_id: str, received_at: datetime, text: str) -> Event:
    """A text may be written by hand, or by Zalo for a button or an item of the account's menu."""
    if menu.is_erase(text):
        return Withdrawn(sender)
    if _REFERENCE.fullmatch(text):
        return Message(_received(sender, message_id, received_at, button=text))
    said, payload = menu.asked(text)
    return Message(_received(sender, message_id, received_at, text=said, payload=payload))


def _received(
    sender: str,
    message_id: str,
    received_at: datetime,
    *,
    text: str | None = None,
    payload: str | None = None,
    button: str | None = None,
    media: dict[str, Any] | None = None,
) -> Received:
    return Received(
        external_id=sender,
        message_id=message_id,
        received_at=received_at,
        text=text,
        payload=payload,
        button=button,
        media=media,
    )


def _derived(raw: bytes) -> str:
    """An id for an event that has none: Zalo delivers again with the same body."""
    return f"body.{hashlib.sha256(raw).hexdigest()[:40]}"


def _name(value: Any) -> str:
    return value if isinstance(value, str) and re.fullmatch(r"[a-z0-9_]{1,60}", value) else "malformed"


def _identity(value: Any) -> str:
    value = value.get("id") if isinstance(value, dict) else value
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""


def _is_of_another(body: dict[str, Any], oa_id: str) -> bool:
    """Whether the event names an account, and not this one, which is the sender of its own messages."""
    named = {_identity(body.get("recipient")), _identity(body.get("oa_id"))} - {""}
    return bool(named) and oa_id not in named | {_identity(body.get("sender"))}


def _is_expected(name: str) -> bool:
    receipts = ("user_seen_message", "user_received_message", "user_reacted_message", "oa_reacted_message")
    return name in receipts or name.startswith("oa_send_")
