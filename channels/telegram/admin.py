"""What `troly channel status|set-webhook|test telegram` do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from urllib.parse import urlsplit

import telegram
from telegram import WebhookInfo
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, TelegramError, TimedOut

from channels.telegram import commands
from channels.telegram.client import ALLOWED_UPDATES, make_bot, secret_of
from channels.telegram.failures import TOKEN_FIX
from channels.telegram.redaction import redact
from channels.telegram.webhook import PATH
from channels.texts import say
from troly.clock import VIETNAM
from troly.errors import UsageError
from troly.settings import Settings

_PORTS = (443, 80, 88, 8443)
_CONNECTIONS = 40


async def status(settings: Settings) -> dict[str, str]:
    """What Telegram says of the bot and its webhook. Raises UsageError naming the fix."""
    async with _bot(settings) as bot:
        me, info = await bot.get_me(), await bot.get_webhook_info()
    found = {
        "bot": f"@{me.username} ({me.full_name})",
        "mode": settings.telegram_mode,
        "webhook": info.url or "none",
        "waiting updates": str(info.pending_update_count),
        "groups": "may be added to groups" if me.can_join_groups else "cannot be added to groups",
    }
    if info.last_error_message:
        found["last error"] = f"{_when(info.last_error_date)}{redact(info.last_error_message)}"
    if problem := _problem(settings, info):
        found["problem"] = problem
    return found


async def set_webhook(settings: Settings, url: str) -> None:
    """Let Telegram call `url` (the gateway's address, or the whole one) and show the menu of commands.

    With TELEGRAM_MODE=polling the webhook is removed instead. Raises UsageError naming the fix.
    """
    polls = settings.telegram_mode == "polling"
    address, secret = ("", "") if polls else (_address(settings, url), secret_of(settings))
    async with _bot(settings) as bot:
        if polls:
            await bot.delete_webhook()
        else:
            await bot.set_webhook(
                address,
                secret_token=secret,
                allowed_updates=ALLOWED_UPDATES,
                max_connections=_CONNECTIONS,
            )
        await commands.register(bot, settings.default_language)


async def test(settings: Settings, chat: str) -> None:
    """Send a test message to a chat (its number). Raises UsageError naming the fix."""
    if not chat.removeprefix("-").isdecimal():
        raise UsageError(
            "chat: is a number; Telegram Desktop shows it: Settings, Advanced, Experimental, Show Peer IDs"
        )
    async with _bot(settings) as bot:
        await bot.send_message(int(chat), say("telegram_test", settings.default_language))


@asynccontextmanager
async def _bot(settings: Settings) -> AsyncIterator[telegram.Bot]:
    """The bot for a few calls. Its errors become UsageError, never with the token in them."""
    bot = make_bot(settings)
    try:
        yield bot
    except TelegramError as error:
        raise UsageError(_explained(error, settings)) from None
    finally:
        await bot.request.shutdown()


def _explained(error: TelegramError, settings: Settings) -> str:
    words = redact(error.message)
    if isinstance(error, InvalidToken):
        return TOKEN_FIX
    if isinstance(error, Forbidden):
        return f"chat: {words}; the person must write to the bot (or unblock it) first"
    if isinstance(error, BadRequest) and "chat not found" in words.lower():
        return "chat: Telegram does not know it; the person must write to the bot first"
    if isinstance(error, BadRequest):
        return f"Telegram refuses: {words}"
    if isinstance(error, TimedOut | NetworkError):
        return f"TELEGRAM_API: {settings.telegram_api} does not answer ({words}); is this machine online?"
    return f"Telegram: {words}"


def _address(settings: Settings, url: str) -> str:
    parts = urlsplit(url)
    address = url if parts.path.rstrip("/").endswith(PATH) else url.rstrip("/") + PATH
    if urlsplit(settings.telegram_api).hostname in ("127.0.0.1", "localhost", "::1"):
        return address  # a Bot API server of one's own calls any address
    try:
        port = parts.port or 443
    except ValueError:
        port = 0
    if parts.scheme != "https" or not parts.hostname or port not in _PORTS:
        raise UsageError(
            "PUBLIC_URL: Telegram calls only https:// addresses on port 443, 80, 88 or 8443; "
            "without one use TELEGRAM_MODE=polling"
        )
    return address


def _problem(settings: Settings, info: WebhookInfo) -> str | None:
    if settings.telegram_mode == "polling":
        if info.url:
            return "a webhook is set, so polling gets nothing; run: troly channel set-webhook telegram"
        return None
    if not info.url:
        return "no webhook is set, so nothing arrives; run: troly channel set-webhook telegram"
    if settings.public_url and info.url != _address(settings, settings.public_url):
        return "the webhook is another address than PUBLIC_URL; run: troly channel set-webhook telegram"
    return None


def _when(moment: datetime | None) -> str:
    return f"{moment.astimezone(VIETNAM):%d/%m/%Y %H:%M}: " if moment else ""
