"""What an error of Telegram means for a reply that was being sent."""

from __future__ import annotations

from datetime import timedelta

import httpx
import structlog
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from channels.errors import ChatClosed, SendError, SendLater, SendRefused, SendUnknown

log = structlog.get_logger("telegram")

TOKEN_FIX = "TELEGRAM_TOKEN: Telegram refuses it; copy it again from BotFather (/mybots, API Token)"  # noqa: S105

UNREADABLE = (TypeError, KeyError, AttributeError, ValueError)
"""What python-telegram-bot raises for an answer in a form that it does not know; the call was done."""

_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.ProxyError,
)

_BAD_REQUESTS = {
    "chat not found": "chat_not_found",
    "message is too long": "too_long",
    "caption is too long": "too_long",
    "text is empty": "empty",
    "can't parse": "markup",
    "button_data_invalid": "button",
    "not enough rights": "no_right_to_write",
    "topic_closed": "topic_closed",
    "thread not found": "topic_gone",
}


def send_error(error: TelegramError) -> SendError:
    """The error as delivery understands it. A reason never holds Telegram's words: they quote ours."""
    if isinstance(error, RetryAfter):
        return SendLater("rate_limited", seconds=seconds_of(error))
    if isinstance(error, Forbidden):
        return ChatClosed("blocked")
    if isinstance(error, ChatMigrated):
        return SendRefused("migrated")
    if isinstance(error, InvalidToken):
        log.error("telegram_token_refused", fix=TOKEN_FIX)
        return SendLater("token", counts=False)
    if isinstance(error, BadRequest):
        return _bad_request(error)
    if isinstance(error, NetworkError):
        return _network(error)
    return SendUnknown("protocol")


def reason_of(error: Exception) -> str:
    """The error in one word, for a log."""
    return send_error(error).reason if isinstance(error, TelegramError) else "unreadable"


def seconds_of(error: RetryAfter) -> float:
    """How long Telegram wants to be left alone."""
    pause = error.retry_after
    return pause.total_seconds() if isinstance(pause, timedelta) else float(pause)


def _bad_request(error: BadRequest) -> SendError:
    message = error.message.lower()
    reason = next((slug for words, slug in _BAD_REQUESTS.items() if words in message), "bad_request")
    # The chat was deleted, or the id is another bot's: nothing will ever arrive there.
    return ChatClosed(reason) if reason == "chat_not_found" else SendRefused(reason)


def _network(error: NetworkError) -> SendError:
    cause = error.__cause__
    if isinstance(cause, _NOT_SENT):
        return SendLater("connection")
    if isinstance(cause, httpx.TimeoutException):
        return SendUnknown("timeout")
    if cause is None:
        # An answer in Telegram's own form, with a number from 500 on: its word that it did nothing.
        return SendLater("server")
    # The connection broke, or a machine between us and Telegram answered in its place.
    return SendUnknown("connection_lost" if isinstance(cause, httpx.HTTPError) else "server")
