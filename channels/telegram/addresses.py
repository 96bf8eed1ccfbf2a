"""Our external id of a Telegram chat: its id, and in a forum also the topic."""

from __future__ import annotations

from typing import TypedDict

from telegram import Message


class Target(TypedDict):
    """Where a call sends: the names are Telegram's."""

    chat_id: int
    message_thread_id: int | None


def external_id(message: Message) -> str:
    """The chat of a message; each topic of a forum is a conversation of its own ("-100123/7")."""
    if message.is_topic_message and message.message_thread_id:
        return f"{message.chat.id}/{message.message_thread_id}"
    return str(message.chat.id)


def target(external: str) -> Target:
    """What external_id() made, taken apart. Raises ValueError for anything else."""
    chat, _, thread = external.partition("/")
    return Target(chat_id=int(chat), message_thread_id=int(thread) if thread else None)
