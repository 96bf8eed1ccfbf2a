"""What channels outside the web hand in: messages, arrivals, departures, and the wish to be forgotten.

Everything is stored when a method returns; only then may the platform be told that it has arrived.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from channels import chats, choices, erasing, inbox, outbox, texts
from channels.base import Inbound, Language
from channels.chats import Chat
from channels.errors import ApiError
from channels.inbox import Accepted
from channels.limits import Limits
from channels.media import MediaStore
from channels.metrics import Metrics
from channels.store import Store
from troly.clock import now
from troly.privacy import Keyring
from troly.tables.channels import AddressRow
from troly.tables.conversations import Conversation
from troly.text import clean

log = structlog.get_logger("reception")

TEXT_LIMIT = 5000
"""Characters of one message that the assistant reads; a longer one is answered with a request."""

_ID_LIMIT = 200
_FLOOD_PAUSE = timedelta(minutes=1)
_FLOODS = 10_000


@dataclass(frozen=True, slots=True)
class Received:
    """What an adapter read from one event of its platform."""

    external_id: str
    """The platform's id of the chat: where to answer."""
    message_id: str
    """The platform's id, unique in the channel: what a redelivery repeats."""
    received_at: datetime
    """By our clock."""
    text: str | None = None
    payload: str | None = None
    """A payload that our own code chose for a command, never what the citizen sent."""
    button: str | None = None
    """A button's reference as it came back (channels/choices.py)."""
    media: dict[str, Any] | None = None
    """{"kind": image, voice, audio, video, file, sticker, location, contact, link or unsupported, and
    what is known: "file_id", "url", "mime", "size", "name", "latitude", "longitude", "phone",
    "own_phone", "caption"}."""
    display_name: str | None = None
    language: Language | None = None
    """The platform's hint, used only for a new conversation."""
    edited: bool = False


class Reception:
    """Stores what comes in, whichever platform it comes from."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        limits: Limits,
        metrics: Metrics,
        media: MediaStore,
        *,
        default_language: Language,
        wake: Callable[[], None],
        wake_sender: Callable[[], None],
    ) -> None:
        """`wake` tells the workers of a new message, `wake_sender` the sender of a new reply."""
        self._store = store
        self._keyring = keyring
        self._limits = limits
        self._metrics = metrics
        self._media = media
        self._default_language = default_language
        self._wake = wake
        self._wake_sender = wake_sender
        self._floods: OrderedDict[str, datetime] = OrderedDict()

    async def receive(self, channel: str, received: Received) -> Accepted | None:
        """Store a message; from the return on it cannot be lost.

        None when it is dropped on purpose, because the citizen sends too many; they are told so once.
        """
        started = perf_counter()
        chat = Chat(channel, received.external_id, self._keyring)
        try:
            await self._limits.message(chat.id)
        except ApiError as error:
            await self._flooded(chat, error, received.received_at)
            return None
        async with self._store.write() as connection:
            known = await chats.seen(connection, chat, received.received_at)
            identity, owed = (known.conversation_id, known.welcomed_at is None) if known else (chat.id, True)
            if not known:
                await chats.meet(
                    connection,
                    chat,
                    received.received_at,
                    language=received.language,
                    display_name=received.display_name,
                )
            if owed:
                await self._welcome(connection, identity, received.language, greet=False)
            accepted = await inbox.accept_in(connection, await _inbound(connection, chat, identity, received))
        if accepted is None:
            # Erased in this very moment; the edge answers 503, and the platform delivers again.
            raise ConnectionError("the conversation is gone")
        self._wake()
        if owed:
            self._wake_sender()
        seconds = perf_counter() - started
        result = "new" if accepted.fresh else "repeated"
        self._metrics.acknowledged.observe(seconds)
        self._metrics.messages.labels(channel=channel, result=result).inc()
        log.info(
            "received",
            channel=channel,
            conversation_id=identity,
            message_id=accepted.id,
            repeated=not accepted.fresh,
            ms=round(seconds * 1000, 1),
        )
        return accepted

    async def joined(self, channel: str, external_id: str, display_name: str | None = None) -> None:
        """The citizen follows us: the chat is open again; welcome and privacy notice, once."""
        chat = Chat(channel, external_id, self._keyring)
        async with self._store.write() as connection:
            known = await chats.seen(connection, chat, None)
            identity = known.conversation_id if known else chat.id
            if not known:
                await chats.meet(connection, chat, None, display_name=display_name)
            if known is None or known.welcomed_at is None:
                await self._welcome(connection, identity, None, greet=True)
        self._wake_sender()
        log.info("joined", channel=channel, conversation_id=identity)

    async def left(self, channel: str, external_id: str) -> None:
        """The citizen left or blocked us: nothing is sent any more, until they write or come back."""
        chat = Chat(channel, external_id, self._keyring)
        async with self._store.write() as connection:
            identity = await connection.scalar(
                update(AddressRow)
                .where(AddressRow.lookup.in_(chat.lookups))
                .values(closed_at=now(), closed_reason="left")
                .returning(AddressRow.conversation_id)
            )
            if identity:
                await outbox.close_chat(connection, identity, "left")
        log.info("left", channel=channel, conversation_id=identity)

    async def erase(self, channel: str, external_id: str) -> None:
        """The citizen's wish: forget everything about them, then say so once and forget that, too.

        Until that is said, a repetition of the wish changes nothing.
        """
        chat = Chat(channel, external_id, self._keyring)
        files: list[str] = []
        async with self._store.write() as connection:
            # Also the statement that takes SQLite's write lock.
            identity = await connection.scalar(
                update(AddressRow)
                .where(AddressRow.lookup.in_(chat.lookups))
                .values(closed_at=None)
                .returning(AddressRow.conversation_id)
            )
            if identity and (erased := await erasing.erase_in(connection, identity, self._default_language)):
                files = erased.files
            else:
                await chats.meet(connection, chat, now())
                farewell = texts.told("erased", self._default_language)
                await outbox.append(connection, chat.id, [farewell], kind="farewell")
        await self._media.discard(files)
        self._wake_sender()
        log.info("erased", channel=channel, conversation_id=identity)

    async def _flooded(self, chat: Chat, error: ApiError, moment: datetime) -> None:
        self._metrics.messages.labels(channel=chat.channel, result="dropped").inc()
        log.warning("flood", channel=chat.channel, conversation_id=chat.id)
        told = self._floods.pop(chat.id, None)
        self._floods[chat.id] = told or moment
        if len(self._floods) > _FLOODS:
            self._floods.popitem(last=False)
        if told and moment - told < _FLOOD_PAUSE:
            return
        self._floods[chat.id] = moment
        async with self._store.write() as connection:
            if known := await chats.seen(connection, chat, moment):
                language = await connection.scalar(
                    select(Conversation.language).where(Conversation.id == known.conversation_id)
                )
                notice = texts.told("flood", language, seconds=math.ceil(error.retry_after or 60))
                await outbox.append(connection, known.conversation_id, [notice], kind="notice")
        self._wake_sender()

    async def _welcome(
        self, connection: AsyncConnection, identity: str, language: str | None, *, greet: bool
    ) -> None:
        """Say whose assistant this is and what it keeps, if nobody else has just said it."""
        said = await connection.execute(
            update(AddressRow)
            .where(AddressRow.conversation_id == identity, AddressRow.welcomed_at.is_(None))
            .values(welcomed_at=now())
        )
        if not said.rowcount:
            return
        spoken = language or self._default_language
        await outbox.append(connection, identity, [texts.told("privacy", spoken)], kind="notice")
        if greet:
            await outbox.append(connection, identity, [texts.greeting(spoken)])


async def _inbound(connection: AsyncConnection, chat: Chat, identity: str, received: Received) -> Inbound:
    """The message as workers take it: a text, a payload, or media that they answer honestly."""
    media, payload = received.media, received.payload
    if received.button is not None:
        payload = await choices.payload_in(connection, identity, received.button)
        media = media if payload else {"kind": "button"}
    text = clean(received.text or str((media or {}).get("caption") or ""))
    if len(text) > TEXT_LIMIT:
        text, media = text[:TEXT_LIMIT], {"kind": "too_long"}
    if not text and not payload and not media:
        media = {"kind": "unsupported"}
    message_id = received.message_id
    if len(message_id) > _ID_LIMIT:
        message_id = hashlib.sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()
    return Inbound(
        channel=chat.channel,
        conversation_id=identity,
        message_id=message_id,
        received_at=received.received_at,
        text=text or None,
        seal=chat.keyring.encrypt,
        payload=payload,
        media=media,
    )
