"""The Zalo Bot Platform as a channel: for pilots and staff, with numbers in place of buttons."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar

import structlog
from fastapi import APIRouter
from sqlalchemy import select

from channels.base import Address, Part, PushChannel, Reply
from channels.errors import MediaError
from channels.reception import Received
from channels.registry import Parts
from channels.zalo_bot.client import ZaloBotClient
from channels.zalo_bot.commands import Command, command_of
from channels.zalo_bot.errors import CallError
from channels.zalo_bot.polling import Polling
from channels.zalo_bot.rendering import render
from channels.zalo_bot.sending import Sending
from channels.zalo_bot.webhook import make_router
from troly.errors import SettingError
from troly.settings import Settings
from troly.tables.channels import AddressRow

log = structlog.get_logger("zalo_bot")

HOSTS = ("zdn.vn", "zadn.vn", "zalo.me", "zaloplatforms.com", "zapps.me")
"""Where the platform keeps what citizens send."""

PHOTO_BYTES = 10 * 1024 * 1024

_TYPING_SECONDS = 5.0


class ZaloBotChannel(PushChannel):
    """One bot, reached by webhook or by long polling."""

    name: ClassVar[str] = "zalo_bot"
    numbered: ClassVar[bool] = True
    # The platform documents no rate; these are far below what its free plan could ever need.
    per_second: ClassVar[float] = 10.0
    per_chat_second: ClassVar[float] = 1.0

    def __init__(self, parts: Parts, client: ZaloBotClient) -> None:
        """Opens no connection before start()."""
        self._parts = parts
        self._client = client
        self._sending = Sending(client)
        self._polls = parts.settings.zalo_bot_mode == "polling"
        self._polling: asyncio.Task[None] | None = None
        self._notes: set[asyncio.Task[None]] = set()

    def router(self) -> APIRouter:
        """The webhook; with polling there is none."""
        if self._polls:
            return APIRouter()
        secret = self._parts.settings.zalo_bot_secret.get_secret_value()
        return make_router(secret, self.take)

    async def start(self) -> None:
        """Begin to poll, where that is the mode."""
        if self._polls:
            self._polling = asyncio.create_task(Polling(self._client, self.take).run())

    async def stop(self) -> None:
        """End polling and what is under way beside."""
        tasks = [*self._notes, *([self._polling] if self._polling else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def take(self, received: Received) -> None:
        """Store a message; one of the few commands is what it asks for."""
        match command_of(received):
            case "erase":
                await self._parts.reception.erase(self.name, received.external_id)
            case Command(text, payload):
                changed = Received(
                    external_id=received.external_id,
                    message_id=received.message_id,
                    received_at=received.received_at,
                    text=text,
                    payload=payload,
                    display_name=received.display_name,
                )
                await self._parts.reception.receive(self.name, changed)
            case None:
                await self._parts.reception.receive(self.name, received)

    async def typing(self, conversation_id: str, on: bool) -> None:
        """Show it once; the platform takes it away by itself after some seconds, or with the answer."""
        if on:
            task = asyncio.create_task(self._show_typing(conversation_id))
            self._notes.add(task)
            task.add_done_callback(self._notes.discard)

    def render(self, reply: Reply) -> Sequence[Part]:
        """Plain texts, then the photo."""
        return render(reply, self._parts.settings.public_url)

    async def send(self, address: Address, part: Part) -> str | None:
        """Send one part."""
        return await self._sending.send(address.external_id, part)

    async def collect(self, media: dict[str, Any]) -> bytes | None:
        """A photo's content; the platform keeps it for a while only."""
        url = media.get("url")
        if media.get("kind") != "image" or not isinstance(url, str):
            return None
        try:
            content, _ = await self._parts.media.download(url, hosts=HOSTS, limit_bytes=PHOTO_BYTES)
        except MediaError as error:
            log.warning("photo_not_kept", reason=str(error))
            return None
        return content

    async def _show_typing(self, conversation_id: str) -> None:
        with suppress(CallError):
            if chat_id := await self._chat_of(conversation_id):
                body = {"chat_id": chat_id, "action": "typing"}
                await self._client.call("sendChatAction", body, seconds=_TYPING_SECONDS)

    async def _chat_of(self, conversation_id: str) -> str | None:
        try:
            async with self._parts.store.read() as connection:
                encrypted = await connection.scalar(
                    select(AddressRow.external_id).where(
                        AddressRow.conversation_id == conversation_id, AddressRow.closed_at.is_(None)
                    )
                )
            return self._parts.keyring.decrypt(encrypted) if encrypted else None
        except Exception as error:  # whatever the database has: this is a courtesy only
            log.debug("typing_not_shown", error=type(error).__name__)
            return None


def build(parts: Parts) -> ZaloBotChannel | None:
    """The channel; None when ZALO_BOT_TOKEN is empty. Raises SettingError for a setting that cannot work."""
    if not parts.settings.zalo_bot_token.get_secret_value():
        return None
    if parts.settings.zalo_bot_mode == "webhook":
        secret_of(parts.settings)
    return ZaloBotChannel(parts, make_client(parts.settings, parts.http))


def make_client(settings: Settings, http: Any) -> ZaloBotClient:
    """The client of the bot in the settings. Raises SettingError for a token that is none."""
    token = settings.zalo_bot_token.get_secret_value().strip()
    # It becomes part of an address.
    if not token.isascii() or not token.isprintable() or set(token) & set(" /?#%"):
        raise SettingError("ZALO_BOT_TOKEN: no token; copy it as Zalo Bot Manager sent it (digits:letters)")
    return ZaloBotClient(http, settings.zalo_bot_api, token)


def secret_of(settings: Settings) -> str:
    """The webhook's secret. Raises SettingError when the platform would not take it."""
    secret = settings.zalo_bot_secret.get_secret_value()
    if not 8 <= len(secret) <= 256 or not secret.isascii() or not secret.isprintable():
        raise SettingError(
            "ZALO_BOT_SECRET: needs 8 to 256 letters and digits of your choice, or set ZALO_BOT_MODE=polling"
        )
    if secret == settings.zalo_bot_token.get_secret_value():
        raise SettingError("ZALO_BOT_SECRET: must not be the token; choose another")
    return secret
