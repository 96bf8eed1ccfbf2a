"""Telegram as a channel: what comes in over its webhook or by polling, what goes out over the Bot API."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

import structlog
from fastapi import APIRouter
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, Message, Update
from telegram.constants import ParseMode
from telegram.error import BadRequest, ChatMigrated, TelegramError

from channels.base import Address, Part, PushChannel, Reply
from channels.errors import ChatClosed, SendUnknown
from channels.registry import Parts
from channels.telegram import commands, files
from channels.telegram.addresses import Target, target
from channels.telegram.client import make_bot, secret_of, token_of
from channels.telegram.failures import UNREADABLE, reason_of, send_error
from channels.telegram.intake import NAME, Intake
from channels.telegram.people import People
from channels.telegram.polling import Poller
from channels.telegram.rendering import render
from channels.telegram.typing_note import Typing
from channels.telegram.webhook import make_router
from troly.settings import Settings

log = structlog.get_logger("telegram")

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

_PLAIN_FIELDS = frozenset(
    ("message_id", "date", "edit_date", "chat", "from", "text", "caption", "photo", "document", "voice")
)

_INTRODUCTION_PAUSES = (5.0, 30.0, 120.0, 600.0)

_PHOTO_TROUBLE = (
    "failed to get http url",
    "wrong type of the web page",
    "wrong file identifier",
    "photo_",
    "image_",
)
"""Telegram's servers could not fetch or show the picture; the text is to arrive all the same."""


class TelegramChannel(PushChannel):
    """The bot of TELEGRAM_TOKEN."""

    name: ClassVar[str] = NAME
    per_second: ClassVar[float] = 25.0
    per_chat_second: ClassVar[float] = 1.0

    def __init__(self, parts: Parts) -> None:
        """Opens no connection. Raises SettingError naming the variable."""
        settings = parts.settings
        self._settings: Settings = settings
        self._polls = settings.telegram_mode == "polling"
        self._secret = "" if self._polls else secret_of(settings)
        self._http = parts.http
        self.bot = make_bot(settings)
        people = People(NAME, parts.store, parts.keyring)
        self._intake = Intake(self.bot, token_of(settings), parts.reception, people)
        self._typing = Typing(self.bot, people)
        self._tasks: list[asyncio.Task[None]] = []

    def router(self) -> APIRouter:
        """The webhook; it refuses everything while the mode is polling."""
        return make_router(self._secret, self._deal)

    async def start(self) -> None:
        """Say hello to Telegram, and poll where that is the mode."""
        self._tasks = [asyncio.create_task(self._introduce())]
        if self._polls:
            self._tasks.append(asyncio.create_task(Poller(self.bot, self._deal).run()))

    async def stop(self) -> None:
        """End polling and what runs beside."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._typing.stop()
        await self._intake.finish(2.0)
        await self.bot.request.shutdown()

    async def typing(self, conversation_id: str, on: bool) -> None:
        """Show "typing…"; waits for nothing."""
        if on:
            self._typing.show(conversation_id)
        else:
            self._typing.hide(conversation_id)

    def render(self, reply: Reply) -> Sequence[Part]:
        """HTML messages of at most 4096 units, the buttons under the last."""
        return render(reply, public_url=self._settings.public_url)

    async def send(self, address: Address, part: Part) -> str | None:
        """One call; a group that became a supergroup is followed to its new id."""
        try:
            to = target(address.external_id)
        except ValueError:
            raise ChatClosed("bad_address") from None
        # Never chained: the frames below hold the token, and some loggers show what is in a frame.
        try:
            sent = await self._send(to, part)
        except TelegramError as error:
            raise send_error(error) from None
        except UNREADABLE:
            raise SendUnknown("protocol") from None
        return str(sent.message_id)

    async def collect(self, media: dict[str, Any]) -> bytes | None:
        """The file; None for what is too large or cannot be had."""
        return await files.fetch(self.bot, self._http, media)

    async def _send(self, to: Target, part: Part) -> Message:
        try:
            return await self._call(to, part)
        except ChatMigrated as error:
            # Topics are numbered anew in the supergroup.
            return await self._call(Target(chat_id=error.new_chat_id, message_thread_id=None), part)

    async def _call(self, to: Target, part: Part) -> Message:
        keyboard = _keyboard(part.get("buttons"))
        if part["method"] == "sendPhoto":
            try:
                return await self.bot.send_photo(
                    photo=part["photo"],
                    caption=part["text"] or None,
                    parse_mode=ParseMode.HTML,
                    reply_markup=keyboard,
                    **to,
                )
            except BadRequest as error:
                if not any(words in error.message.lower() for words in _PHOTO_TROUBLE):
                    raise
                log.warning("telegram_photo_refused")
        return await self.bot.send_message(
            text=part.get("instead") or part["text"],
            parse_mode=ParseMode.HTML,
            link_preview_options=_NO_PREVIEW,
            reply_markup=keyboard,
            **to,
        )

    async def _deal(self, raw: Any) -> None:
        """One update as Telegram wrote it."""
        update = self._read(raw)
        if update is not None:
            await self._intake.handle(update)

    def _read(self, raw: Any) -> Update | None:
        """The update; where something in it is newer than the library, its plain fields alone."""
        for content in (raw, _plain(raw)):
            try:
                return Update.de_json(content, self.bot)
            except Exception as error:  # whatever the library makes of a form that it does not know
                log.error("telegram_unreadable_update", error=type(error).__name__, holds=sorted(raw))
        return None

    async def _introduce(self) -> None:
        """Find out who the bot is, and whether its webhook points here; a fault is told in the log only."""
        for pause in (*_INTRODUCTION_PAUSES, None):
            try:
                me = await self._intake.introduce()
                if self._polls:
                    await commands.register(self.bot, self._settings.default_language)
                elif not (await self.bot.get_webhook_info()).url:
                    log.error("telegram_no_webhook", fix="run: troly channel set-webhook telegram")
                log.info("telegram_ready", bot=me.username, mode=self._settings.telegram_mode)
                return
            except (TelegramError, *UNREADABLE) as error:
                log.warning("telegram_not_ready", reason=reason_of(error), again_in=pause)
            if pause is not None:
                await asyncio.sleep(pause)


def _plain(raw: dict[str, Any]) -> dict[str, Any]:
    return {
        kind: {name: value for name, value in content.items() if name in _PLAIN_FIELDS}
        if kind in ("message", "edited_message") and isinstance(content, dict)
        else content
        for kind, content in raw.items()
    }


def _keyboard(rows: list[list[list[str]]] | None) -> InlineKeyboardMarkup | None:
    if not rows:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(title, callback_data=data) for title, data in row] for row in rows]
    )
