"""What a message of Telegram says, in the form that the reception takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from telegram import Message, User

from channels.base import Language
from channels.reception import Received
from channels.telegram import commands
from channels.telegram.addresses import external_id
from channels.telegram.client import mark_of
from troly.clock import now


@dataclass(frozen=True, slots=True)
class Me:
    """Who the bot is."""

    id: int
    username: str
    """Empty while Telegram has not told it, which matters in groups only."""


@dataclass(frozen=True, slots=True)
class EraseAsked:
    """The citizen wrote /delete."""

    message: Message


def read(message: Message, me: Me, token: str) -> Received | EraseAsked | None:
    """The message; None for what is not meant for us or says nothing (a member joined, a title changed)."""
    if message.from_user is None or message.from_user.is_bot:
        return None  # a channel's post, an anonymous administrator, another bot
    private = message.chat.type == "private"
    text = (message.text or "").strip()
    command = commands.parse(text)
    if not private and not _addressed(message, me, command):
        return None
    if command and command.name == "delete":
        return EraseAsked(message)
    if message.edit_date and message.location:
        return None  # a live location edits its message at every step; the first one was read
    said, payload = commands.asked(command) if command else (text, None)
    media = None if text else _media(message, message.from_user)
    if not text and media is None:
        return None
    if said is not None:
        said = _without_mention(said, me)
        if not said and media is None:
            payload = "/greet"  # only the bot's name, as one calls a person
    return Received(
        external_id=external_id(message),
        message_id=_message_id(message, token),
        received_at=now(),
        text=said or None,
        payload=payload,
        media=media,
        display_name=message.from_user.full_name if private else message.chat.title,
        language=language_of(message.from_user),
        edited=message.edit_date is not None,
    )


def language_of(user: User) -> Language | None:
    """The language that the app is set to, where it is one of ours."""
    code = (user.language_code or "")[:2].lower()
    return "vi" if code == "vi" else "en" if code == "en" else None


def _message_id(message: Message, token: str) -> str:
    """Unique over all chats. An edit is a message of its own, or the correction would go unanswered."""
    own = f"{mark_of(token, str(message.chat.id))}:{message.message_id}"
    return f"{own}:e{int(message.edit_date.timestamp())}" if message.edit_date else own


def _addressed(message: Message, me: Me, command: commands.Command | None) -> bool:
    """In a group: a command with our name, a mention, or an answer to what we said."""
    if command and command.addressee:
        return command.addressee.lower() == me.username.lower()
    replied = message.reply_to_message
    # In a forum every message of a topic "answers" the message that opened it.
    if replied and replied.from_user and replied.from_user.id == me.id and not replied.forum_topic_created:
        return True
    entities = {**message.parse_entities(), **message.parse_caption_entities()}
    return any(
        (entity.type == "mention" and words.lower() == f"@{me.username.lower()}")
        or (entity.type == "text_mention" and entity.user is not None and entity.user.id == me.id)
        for entity, words in entities.items()
    )


def _without_mention(text: str, me: Me) -> str:
    if not me.username:
        return text
    return re.sub(rf"@{re.escape(me.username)}\b[\s,:]*", "", text, flags=re.IGNORECASE).strip()


def _media(message: Message, sender: User) -> dict[str, Any] | None:
    """What was sent instead of a text; None for a note of Telegram itself."""
    found = _place(message) or _person(message, sender) or _file(message)
    if found is None:
        # A poll, a game, a story…: something that a person sent and the assistant cannot read.
        if message.effective_attachment is None and message.checklist is None:
            return None
        found = {"kind": "unsupported"}
    if message.caption:
        found["caption"] = message.caption
    return {name: value for name, value in found.items() if value is not None}


def _place(message: Message) -> dict[str, Any] | None:
    place = message.location or (message.venue.location if message.venue else None)
    if place is None:
        return None
    return {
        "kind": "location",
        "latitude": place.latitude,
        "longitude": place.longitude,
        "name": message.venue.title if message.venue else None,
    }


def _person(message: Message, sender: User) -> dict[str, Any] | None:
    contact = message.contact
    if contact is None:
        return None
    # Anybody can send any contact; only the button "share my number" gives the sender's own id.
    return {"kind": "contact", "phone": contact.phone_number, "own_phone": contact.user_id == sender.id}


def _file(message: Message) -> dict[str, Any] | None:
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        return _described("image", largest, mime="image/jpeg")
    if message.sticker:
        return _described("sticker", message.sticker)
    # An animation also comes as a document.
    for kind, sent in (
        ("voice", message.voice),
        ("audio", message.audio),
        ("video", message.animation or message.video or message.video_note),
    ):
        if sent:
            return _described(kind, sent)
    if document := message.document:
        picture = (document.mime_type or "").startswith("image/")
        return _described("image" if picture else "file", document)
    return None


def _described(kind: str, sent: Any, mime: str | None = None) -> dict[str, Any]:
    return {
        "kind": kind,
        "file_id": sent.file_id,
        "mime": mime or getattr(sent, "mime_type", None),
        "size": sent.file_size,
        "name": getattr(sent, "file_name", None),
    }
