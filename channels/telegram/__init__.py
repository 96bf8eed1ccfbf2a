"""Telegram: the bot that citizens write to, over a webhook or by polling."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from channels.registry import Parts
    from channels.telegram.channel import TelegramChannel


def build(parts: Parts) -> TelegramChannel | None:
    """The channel; None when TELEGRAM_TOKEN is empty. Raises SettingError for what is half configured."""
    if not parts.settings.telegram_token.get_secret_value():
        return None
    # Telegram's client is 8 MB and a fifth of a second, which only those pay who use it.
    from channels.telegram.channel import TelegramChannel

    return TelegramChannel(parts)
