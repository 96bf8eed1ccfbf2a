"""What `troly channel` does for the Zalo bot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx

from channels.zalo_bot.channel import make_client, secret_of
from channels.zalo_bot.client import ZaloBotClient
from channels.zalo_bot.errors import CallError, Refusal
from channels.zalo_bot.sending import TOKEN_FIX
from channels.zalo_bot.webhook import PATH
from troly.errors import SettingError, TrolyError, UsageError
from troly.settings import Settings

TEST_TEXT = "Tin nhắn thử của trợ lý. / A test message of the assistant."


async def status(settings: Settings) -> dict[str, str]:
    """What the platform says of the bot and of its webhook. Raises TrolyError."""
    async with _client(settings) as client:
        me = await _call(client, "getMe")
        webhook = await _call(client, "getWebhookInfo")
    url = str(webhook.get("url") or "")
    polls = settings.zalo_bot_mode == "polling"
    found = {
        "bot": str(me.get("account_name", "?")),
        "account_type": str(me.get("account_type", "?")),
        "mode": settings.zalo_bot_mode,
        "webhook": url or "none",
    }
    if url and isinstance(webhook.get("updated_at"), int):
        moment = datetime.fromtimestamp(webhook["updated_at"] / 1000, UTC)
        found["webhook_since"] = moment.isoformat(timespec="seconds")
    if polls and url:
        found["problem"] = (
            "no updates while a webhook is set; to remove it: troly channel set-webhook zalo_bot"
        )
    elif not polls and not url:
        found["problem"] = "no webhook is set: troly channel set-webhook zalo_bot"
    elif not polls and settings.public_url and url != settings.public_url.rstrip("/") + PATH:
        found["problem"] = "the webhook is not this gateway's: troly channel set-webhook zalo_bot"
    return found


async def set_webhook(settings: Settings, url: str) -> str:
    """Tell the platform where the gateway is, or with polling that there is no webhook; gives the address.

    `url` is the gateway's public address; without a path our own is added. Raises TrolyError.
    """
    async with _client(settings) as client:
        if settings.zalo_bot_mode == "polling":
            await _call(client, "deleteWebhook")
            return ""
        address = webhook_address(url)
        await _call(client, "setWebhook", {"url": address, "secret_token": secret_of(settings)})
        return address


async def test(settings: Settings, recipient: str) -> str:
    """Send a test message to a chat; gives the platform's message id. Raises TrolyError."""
    async with _client(settings) as client:
        sent = await _call(client, "sendMessage", {"chat_id": recipient, "text": TEST_TEXT})
    return str(sent.get("message_id", ""))


def webhook_address(url: str) -> str:
    """The webhook under a public address. Raises UsageError for one that the platform cannot reach."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise UsageError(f"{url!r} is no address; write https://your-address") from None
    if parsed.scheme != "https" or not parsed.host:
        raise UsageError("Zalo only calls https:// addresses that the internet can reach (PUBLIC_URL)")
    return str(parsed.copy_with(path=PATH)) if parsed.path in ("", "/") else str(parsed)


@asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[ZaloBotClient]:
    if not settings.zalo_bot_token.get_secret_value():
        raise SettingError("ZALO_BOT_TOKEN: is empty; Zalo Bot Manager sends it when a bot is made")
    async with httpx.AsyncClient(trust_env=False) as http:
        yield make_client(settings, http)


async def _call(client: ZaloBotClient, method: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    try:
        result = await client.call(method, body)
    except Refusal as refusal:
        if refusal.code == 401:
            raise SettingError(TOKEN_FIX.partition(", and")[0]) from None
        raise TrolyError(f"Zalo refused {method} ({refusal.reason})") from None
    except CallError as error:
        raise TrolyError(f"ZALO_BOT_API does not answer {method} ({error.reason})") from None
    return result if isinstance(result, dict) else {}
