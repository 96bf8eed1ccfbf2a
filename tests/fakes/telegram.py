"""A strict stand-in for Telegram's Bot API, with the citizens who write to the bot.

Strict where Telegram is: tokens, lengths, markup, buttons, known chats, webhook against polling. What it
refuses as malformed is also kept in `violations`, because a gateway should never send it.
"""

from __future__ import annotations

import json
from typing import Any

import httpx

from tests.fakes.base import Failure, Shown
from tests.fakes.telegram_api import BotApi
from tests.fakes.telegram_citizens import chat_of

TOKEN = "123456789:AAfakeTokenOfTheBotPlatform_x-0123"
SECRET = "a-fake-webhook-secret"
WEBHOOK_PATH = "/webhooks/telegram"


class FakeTelegram(BotApi):
    """One bot, its platform, and the citizens who write to it."""

    name = "telegram"

    def __init__(
        self, gateway: str = "", *, token: str = TOKEN, secret: str = SECRET, polling: bool = False
    ) -> None:
        """With `polling` updates wait for getUpdates instead of going to the gateway's webhook."""
        super().__init__(token)
        self.gateway = gateway
        self.secret = secret
        self.polling = polling
        self.transport: httpx.AsyncBaseTransport | None = None
        """Reaches the gateway in place of the network."""
        self._written: dict[tuple[str, str], dict[str, Any]] = {}

    # What the citizens do

    async def write(self, citizen: str, text: str, *, message_id: str | None = None) -> httpx.Response:
        """The citizen writes a text in the private chat."""
        key = (citizen, message_id or f"own {next(self._numbers)}")
        if key not in self._written:
            self._written[key] = self.update("message", self.message(citizen, text=text))
        return await self.deliver(self._written[key])

    async def press(self, citizen: str, button: int) -> httpx.Response:
        """The citizen presses the n-th button of the last message that has any."""
        chat = chat_of(citizen)
        for (where, _), message in reversed(self._messages.items()):
            rows = message.get("reply_markup", {}).get("inline_keyboard", [])
            if where == chat and rows:
                buttons = [each for row in rows for each in row]
                return await self.press_data(citizen, buttons[button - 1]["callback_data"], message)
        raise LookupError("no message has buttons")

    async def press_data(self, citizen: str, data: str, message: dict[str, Any]) -> httpx.Response:
        """The citizen presses a button of a message."""
        return await self.deliver(self.update("callback_query", self.query(citizen, data, message)))

    async def send_media(self, citizen: str, kind: str) -> httpx.Response:
        """The citizen sends an image, voice, audio, video, file, sticker, location, contact or a poll."""
        return await self.deliver(
            self.update("message", self.message(citizen, **self.content(kind, citizen)))
        )

    async def raw(
        self, body: bytes, *, signed: bool = True, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Post exactly this to the webhook."""
        url = self.webhook.get("url") or self.gateway.rstrip("/") + WEBHOOK_PATH
        sent = {"content-type": "application/json"}
        if signed:
            sent["X-Telegram-Bot-Api-Secret-Token"] = self.webhook.get("secret_token", self.secret)
        async with httpx.AsyncClient(transport=self.transport, trust_env=False, timeout=30) as http:
            return await http.post(url, content=body, headers=sent | (headers or {}))

    async def deliver(self, update: dict[str, Any]) -> httpx.Response:
        """Tell the gateway; with polling it waits to be fetched, and 202 is answered at once."""
        if self.polling:
            if update not in self.updates:
                self.updates.append(update)
            return httpx.Response(202)
        return await self.raw(json.dumps(update, ensure_ascii=False).encode())

    async def block(self, citizen: str, *, yes: bool = True) -> httpx.Response:
        """The citizen blocks the bot, or takes it back."""
        (self.blocked.add if yes else self.blocked.discard)(chat_of(citizen))
        return await self.deliver(self.membership(citizen, "kicked" if yes else "member"))

    # What they see, and what goes wrong

    def replies(self, citizen: str) -> list[Shown]:
        """What the private chat shows."""
        return self.shown(chat_of(citizen))

    def shown(self, chat: int) -> list[Shown]:
        """What a chat shows of the bot."""
        return list(self._shown.get(chat, {}).values())

    def fail(self, what: Failure, times: int = 1) -> None:
        """Let the next sends go wrong."""
        self._failures.extend([what] * times)

    def settings(self, url: str) -> dict[str, str]:
        """The gateway's settings for this bot, served at `url`."""
        return {
            "TELEGRAM_TOKEN": self.token,
            "TELEGRAM_SECRET": self.secret,
            "TELEGRAM_MODE": "polling" if self.polling else "webhook",
            "TELEGRAM_API": url,
        }


def create(gateway: str = "") -> FakeTelegram:
    """A stand-in whose webhooks go to the gateway."""
    return FakeTelegram(gateway)
