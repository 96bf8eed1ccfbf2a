"""What Telegram checks in a call: parameters, lengths, markup and buttons."""

from __future__ import annotations

import itertools
import json
from typing import Any

from tests.fakes.telegram_html import CannotParse, Parsed, parse

SENDING = ("sendMessage", "sendPhoto")
_EXTRAS = {"parse_mode", "reply_markup", "message_thread_id", "disable_notification", "link_preview_options"}
FIELDS: dict[str, tuple[set[str], set[str]]] = {
    "getMe": (set(), set()),
    "getUpdates": (set(), {"offset", "limit", "timeout", "allowed_updates"}),
    "setWebhook": ({"url"}, {"secret_token", "allowed_updates", "max_connections", "drop_pending_updates"}),
    "deleteWebhook": (set(), {"drop_pending_updates"}),
    "getWebhookInfo": (set(), set()),
    "setMyCommands": ({"commands"}, {"language_code", "scope"}),
    "sendMessage": ({"chat_id", "text"}, _EXTRAS),
    "sendPhoto": ({"chat_id", "photo"}, {"caption", *_EXTRAS}),
    "sendChatAction": ({"chat_id", "action"}, {"message_thread_id"}),
    "answerCallbackQuery": ({"callback_query_id"}, {"text", "show_alert", "url", "cache_time"}),
    "editMessageReplyMarkup": ({"chat_id", "message_id"}, {"reply_markup"}),
    "editMessageText": ({"chat_id", "message_id", "text"}, _EXTRAS),
    "getFile": ({"file_id"}, set()),
}


class Refused(Exception):
    """What Telegram answers instead of a result."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        """`parameters` are ResponseParameters: retry_after, migrate_to_chat_id."""
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


def as_form(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def text_of(body: dict[str, str], name: str, limit: int) -> Parsed:
    source, mode = body.get(name, ""), body.get("parse_mode", "")
    if mode not in ("", "HTML"):
        raise Refused(400, "Bad Request: unsupported parse_mode")
    try:
        parsed = parse(source) if mode else Parsed(source.strip())
    except CannotParse as error:
        raise Refused(400, f"Bad Request: {error}") from None
    if name == "text" and not parsed.text:
        raise Refused(400, "Bad Request: message text is empty")
    if len(parsed.text.encode("utf-16-le")) // 2 > limit:
        raise Refused(400, f"Bad Request: {'message' if name == 'text' else 'message caption'} is too long")
    return parsed


def markup_of(body: dict[str, str]) -> dict[str, Any] | None:
    if "reply_markup" not in body:
        return None
    markup = json.loads(body["reply_markup"])
    if set(markup) != {"inline_keyboard"}:
        raise Refused(400, "Bad Request: this stand-in knows inline keyboards only")
    for button in itertools.chain.from_iterable(markup["inline_keyboard"]):
        if not button.get("text", "").strip() or not set(button) <= {"text", "callback_data", "url"}:
            raise Refused(400, "Bad Request: text buttons are unallowed in the inline keyboard")
        if "url" not in button and not 1 <= len(button.get("callback_data", "").encode()) <= 64:
            raise Refused(400, "Bad Request: BUTTON_DATA_INVALID")
    return markup if any(markup["inline_keyboard"]) else None


def titles(markup: dict[str, Any] | None) -> list[str]:
    return [button["text"] for row in (markup or {}).get("inline_keyboard", []) for button in row]
