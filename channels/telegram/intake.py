"""What becomes of an update: stored by the reception, or answered here where it is not for the assistant."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import structlog
import telegram
from telegram import (
    CallbackQuery,
    ChatMemberUpdated,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    Update,
)
from telegram.error import TelegramError

from channels.errors import SendLater, SendUnknown
from channels.reception import Received, Reception
from channels.telegram.addresses import external_id, target
from channels.telegram.failures import UNREADABLE, send_error
from channels.telegram.people import People
from channels.telegram.reading import EraseAsked, Me, language_of, read
from channels.texts import say
from troly.clock import now

log = structlog.get_logger("telegram")

NAME = "telegram"

_ERASE, _KEEP = "erase:yes", "erase:no"
_PRESSED = "✓ "


class NotNow(Exception):
    """The update could not be dealt with and must be delivered again."""


class Intake:
    """Deals with updates, one call each; a second delivery of the same update changes nothing."""

    def __init__(self, bot: telegram.Bot, token: str, reception: Reception, people: People) -> None:
        """Asks Telegram nothing yet."""
        self._bot = bot
        self._token = token
        self._reception = reception
        self._people = people
        self._me = Me(int(token.partition(":")[0]), "")
        self._aside: set[asyncio.Task[None]] = set()

    async def introduce(self) -> Me:
        """Who the bot is, asked of Telegram once. Raises TelegramError."""
        if not self._me.username:
            user = await self._bot.get_me()
            self._me = Me(user.id, user.username or "")
        return self._me

    async def handle(self, update: Update) -> None:
        """From the return on the update may be acknowledged. Raises NotNow, or what the database raises."""
        message, query, change = (
            update.message or update.edited_message,
            update.callback_query,
            update.my_chat_member,
        )
        # The library makes None of what an update lacks, also of what every update has to have.
        if message is not None and message.chat is not None:
            await self._message(message)
            return
        try:
            if query is not None and query.from_user is not None:
                await self._pressed(query)
            elif change is not None and None not in (change.chat, change.new_chat_member, change.from_user):
                await self._membership(change)
        except UNREADABLE:
            log.error("telegram_unreadable_update")  # brought again it would be no other

    async def finish(self, seconds: float) -> None:
        """Let what runs beside come to its end, for so long."""
        if self._aside:
            _, left = await asyncio.wait(self._aside, timeout=seconds)
            for task in left:
                task.cancel()

    async def _message(self, message: Message) -> None:
        if message.chat.type != "private":
            try:
                await self.introduce()  # else we could not tell whether we are meant
            except TelegramError as error:
                send_error(error)  # says in the log when it is the token
                raise NotNow from None
            except UNREADABLE:
                raise NotNow from None
        try:
            found = read(message, self._me, self._token)
        except UNREADABLE:
            log.error("telegram_unreadable_update")  # brought again it would be no other
            return
        if isinstance(found, EraseAsked):
            await self._ask_to_erase(found.message)
        elif found is not None:
            await self._reception.receive(NAME, found)

    async def _membership(self, change: ChatMemberUpdated) -> None:
        status, chat = change.new_chat_member.status, change.chat
        if chat.type == "channel":
            return
        if status in ("kicked", "left"):
            await self._reception.left(NAME, str(chat.id))
        elif chat.type == "private":
            # Not for groups: there nothing is said or stored before somebody addresses the bot.
            await self._reception.joined(NAME, str(chat.id), change.from_user.full_name)

    async def _ask_to_erase(self, message: Message) -> None:
        assert message.from_user is not None  # noqa: S101 - read() saw to it
        language = await self._language(message, message.from_user)
        asker = message.from_user.id
        keyboard = InlineKeyboardMarkup(
            [
                [
                    InlineKeyboardButton(
                        say("telegram_erase_yes", language), callback_data=f"{_ERASE}:{asker}"
                    )
                ],
                [InlineKeyboardButton(say("telegram_erase_no", language), callback_data=f"{_KEEP}:{asker}")],
            ]
        )
        try:
            await self._bot.send_message(
                text=say("telegram_erase_question", language),
                reply_markup=keyboard,
                **target(external_id(message)),
            )
        except TelegramError as error:
            # Asked twice is better than not at all; what Telegram will never take is let go.
            if isinstance(send_error(error), SendLater | SendUnknown):
                raise NotNow from None
        except UNREADABLE:
            log.error("telegram_unreadable_answer")

    async def _pressed(self, query: CallbackQuery) -> None:
        language = language_of(query.from_user)
        data, message = query.data or "", query.message
        if message is None or not data:
            self._beside(self._bot.answer_callback_query(query.id, say("telegram_stale", language)))
            return
        if data.startswith((f"{_ERASE}:", f"{_KEEP}:")):
            await self._erase_decided(query, data)
            return
        place = external_id(message) if isinstance(message, Message) else str(message.chat.id)
        title = message.chat.title if message.chat.type != "private" else query.from_user.full_name
        accepted = await self._reception.receive(
            NAME,
            Received(
                external_id=place,
                message_id=f"press:{query.id}",
                received_at=now(),
                button=data,
                display_name=title,
                language=language,
            ),
        )
        if accepted is None:
            self._beside(self._bot.answer_callback_query(query.id, say("telegram_slow_down", language)))
            return
        self._beside(self._bot.answer_callback_query(query.id))
        if isinstance(message, Message) and accepted.fresh:
            self._beside(self._mark(message, data))

    async def _erase_decided(self, query: CallbackQuery, data: str) -> None:
        message = query.message
        assert message is not None  # noqa: S101 - _pressed() saw to it
        choice, _, asker = data.rpartition(":")
        language = language_of(query.from_user)
        if asker != str(query.from_user.id):
            self._beside(
                self._bot.answer_callback_query(
                    query.id, say("telegram_not_yours", language), show_alert=True
                )
            )
            return
        chosen = _title_of(message, data) or say(
            "telegram_erase_yes" if choice == _ERASE else "telegram_erase_no", language
        )
        if choice == _ERASE:
            place = external_id(message) if isinstance(message, Message) else str(message.chat.id)
            await self._reception.erase(NAME, place)
        self._beside(self._bot.answer_callback_query(query.id))
        if isinstance(message, Message):
            text = f"{message.text or ''}\n\n{_PRESSED}{chosen}".strip()
            self._beside(
                self._bot.edit_message_text(text, chat_id=message.chat.id, message_id=message.message_id)
            )

    async def _mark(self, message: Message, data: str) -> None:
        """Show which button was pressed. The others stay: one asks about the fee, then about the papers."""
        title = _title_of(message, data)
        if message.reply_markup is None or title is None or title.startswith(_PRESSED):
            return
        pressed = InlineKeyboardButton(_PRESSED + title, callback_data=data)
        rows = [
            [pressed if button.callback_data == data else button for button in row]
            for row in message.reply_markup.inline_keyboard
        ]
        await self._bot.edit_message_reply_markup(
            message.chat.id, message.message_id, reply_markup=InlineKeyboardMarkup(rows)
        )

    async def _language(self, message: Message, user: telegram.User) -> str | None:
        known = await self._people.language(external_id(message))
        return known or language_of(user)

    def _beside(self, call: Coroutine[Any, Any, object]) -> None:
        """Make a call without waiting; its failure loses nothing (an old query, a keyboard that has gone)."""

        async def calling() -> None:
            with suppress(TelegramError, *UNREADABLE):
                await call

        task = asyncio.create_task(calling())
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)


def _title_of(message: telegram.MaybeInaccessibleMessage, data: str) -> str | None:
    markup = message.reply_markup if isinstance(message, Message) else None
    for row in markup.inline_keyboard if markup else ():
        for button in row:
            if button.callback_data == data:
                return button.text
    return None
