"""The bot of python-telegram-bot, made from settings. All calls to Telegram go through it."""

from __future__ import annotations

import hashlib
import hmac
import warnings

import telegram
from telegram.request import HTTPXRequest
from telegram.warnings import PTBDeprecationWarning

from channels.telegram import redaction
from troly.errors import SettingError, UsageError
from troly.settings import Settings

ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
"""What Telegram is asked to tell us: nothing of channels, payments, reactions or business accounts."""


class SilentBot(telegram.Bot):
    """A bot that does not show its token where somebody prints it."""

    def __repr__(self) -> str:
        """Without the token."""
        return "Bot(token=…)"


def make_bot(settings: Settings) -> telegram.Bot:
    """The bot of TELEGRAM_TOKEN; opens no connection. Raises SettingError naming the variable."""
    token = token_of(settings)
    redaction.install()
    # It speaks of a change to come with every 429; failures.py reads both the old and the new form.
    warnings.filterwarnings("ignore", category=PTBDeprecationWarning, message=".*retry_after")
    address = settings.telegram_api.rstrip("/")
    request = HTTPXRequest(
        connection_pool_size=64,
        connect_timeout=5.0,
        read_timeout=8.0,
        write_timeout=8.0,
        pool_timeout=2.0,
        # A proxy of the environment is for other programs.
        httpx_kwargs={"trust_env": False},
    )
    return SilentBot(
        token, f"{address}/bot", f"{address}/file/bot", request=request, get_updates_request=request
    )


def token_of(settings: Settings) -> str:
    """TELEGRAM_TOKEN. Raises SettingError when it is missing or is no token."""
    token = settings.telegram_token.get_secret_value().strip()
    number, _, secret = token.partition(":")
    if not token:
        raise UsageError("TELEGRAM_TOKEN: is empty; ask BotFather for a bot's token and set it in .env")
    if not number.isascii() or not number.isdigit() or not secret.isascii() or len(secret) < 20:
        raise SettingError(
            "TELEGRAM_TOKEN: is not in the form 123456789:AA…; copy it from BotFather (/mybots, API Token)"
        )
    return token


def secret_of(settings: Settings) -> str:
    """TELEGRAM_SECRET. Raises SettingError when Telegram or we would not take it."""
    secret = settings.telegram_secret.get_secret_value()
    allowed = secret.replace("_", "").replace("-", "")
    if not 16 <= len(secret) <= 256 or not allowed.isascii() or not allowed.isalnum():
        raise SettingError(
            "TELEGRAM_SECRET: write 16 to 256 letters, digits, - or _ (openssl rand -hex 32 makes one)"
        )
    return secret


def mark_of(token: str, chat: str) -> str:
    """Stands for a chat in the ids of its messages, which Telegram numbers anew in each chat.

    Keyed, since the chat's own id in clear would tell whose the conversation is.
    """
    return hmac.new(token.encode(), chat.encode(), hashlib.sha256).hexdigest()[:16]
