"""What staff switched by hand, as delivery meets it: the assistant off, an incident to tell about.

Read from the database at most every other second, however many messages come.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any

import structlog
from sqlalchemy import exists, insert, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from channels import handover_wishes, texts
from channels.base import Button, Channel, Outbound, PushChannel
from channels.claiming import Claimed
from channels.concluding import Also
from channels.outbox import Place
from channels.store import Store
from troly.clock import now
from troly.privacy import Keyring
from troly.tables.controls import BANNER, EVERYWHERE, OFF, Control, ControlTold
from troly.tables.delivery import INTERNAL, Inbox
from troly.tables.handover import MESSAGE, Handover
from troly.text import fold

log = structlog.get_logger("controls")

FRESH = 1.5
"""Seconds for which what was read holds."""
AGAIN = timedelta(hours=1)
"""After so long a citizen who writes is told again that the assistant is off."""

TALK = "/talk_to_human"
EXPIRED = f"{INTERNAL}handover_expired"
_PERSON = re.compile(
    r"\b(gap|noi chuyen voi|noi voi|ket noi|lien he|chat voi|cho toi|xin)\b.{0,20}"
    r"\b(can bo|nguoi that|con nguoi|nhan vien|nguoi ho tro|tong dai vien|nguoi truc)\b"
    r"|\b(talk|speak|chat)\b.{0,12}\b(person|human|someone|official|agent|staff)\b|\b(real person|human)\b"
)
_WORDS = 5
"""The latest messages that an official finds, when nobody came."""


@dataclass(frozen=True, slots=True)
class Banner:
    """An incident that citizens are told about."""

    id: str
    vi: str
    en: str

    def said(self, language: str | None) -> Outbound:
        """As something to tell."""
        spoken = "en" if language == "en" else "vi"
        return Outbound(text=self.en if spoken == "en" else self.vi, language=spoken)


@dataclass(frozen=True, slots=True)
class Off:
    """The assistant is switched off; what citizens are told instead."""

    vi: str
    en: str

    def said(self, language: str | None) -> Outbound:
        """With the one thing that still works: an official."""
        spoken = "en" if language == "en" else "vi"
        person = Button(title=texts.say("button_person", spoken), payload=TALK)
        return Outbound(text=self.en if spoken == "en" else self.vi, language=spoken, buttons=[person])


@dataclass(frozen=True, slots=True)
class Standing:
    """How things are switched."""

    off: dict[str, Off]
    banner: Banner | None = None

    def off_for(self, channel: str) -> Off | None:
        """The channel's own switch, else the one for all."""
        return self.off.get(channel) or self.off.get(EVERYWHERE)


class Controls:
    """The switches of one process."""

    def __init__(self, store: Store) -> None:
        """Nothing is read before somebody asks."""
        self._store = store
        self._standing = Standing({})
        self._until = 0.0
        self._reading = asyncio.Lock()

    async def now(self) -> Standing:
        """How things are switched; while the database is away, as they were."""
        if monotonic() < self._until:
            return self._standing
        async with self._reading:
            if monotonic() >= self._until:
                try:
                    self._standing = await self._read()
                except (SQLAlchemyError, OSError) as error:
                    log.error("controls_unread", error=type(error).__name__)
                self._until = monotonic() + FRESH
        return self._standing

    async def _read(self) -> Standing:
        async with self._store.read() as connection:
            rows = (
                await connection.execute(
                    select(Control.name, Control.value).where(
                        or_(Control.name.startswith(OFF, autoescape=True), Control.name == BANNER)
                    )
                )
            ).all()
        off = {
            row.name.removeprefix(OFF): Off(row.value["vi"], row.value["en"])
            for row in rows
            if row.name != BANNER
        }
        banner = next((row.value for row in rows if row.name == BANNER), None)
        return Standing(off, Banner(**banner) if banner else None)

    async def untold(self, conversation_id: str, what: str, again: timedelta | None = None) -> bool:
        """Whether the conversation was not told `what` yet, or not within `again`."""
        told = exists().where(ControlTold.conversation_id == conversation_id, ControlTold.what == what)
        if again is not None:
            told = told.where(ControlTold.at > now() - again)
        async with self._store.read() as connection:
            return not await connection.scalar(select(told))


async def mark(connection: AsyncConnection, conversation_id: str, what: str) -> None:
    """The conversation is told `what`, in the caller's transaction."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    moment = now()
    await connection.execute(
        dialect.insert(ControlTold)
        .values(conversation_id=conversation_id, what=what, at=moment)
        .on_conflict_do_update(index_elements=["conversation_id", "what"], set_={"at": moment})
    )


@dataclass(frozen=True, slots=True)
class Instead:
    """What is stored instead of the assistant's answer; often nothing is said."""

    replies: list[Outbound]
    also: Also


async def instead(
    controls: Controls, message: Claimed, payload: str | None, keyring: Keyring
) -> Instead | None:
    """What happens to a message while the assistant is off; None while it is on."""
    off = (await controls.now()).off_for(message.channel)
    if off is None or not is_answered_when_off(payload):
        return None

    async def nothing(_connection: AsyncConnection, _place: Place) -> None:
        pass

    async def asked(connection: AsyncConnection, place: Place) -> None:
        await handover_wishes.open_for(connection, place.conversation_id, "talk_to_human")

    async def kept(connection: AsyncConnection, place: Place) -> None:
        await keep_message(connection, place, keyring)

    async def told(connection: AsyncConnection, place: Place) -> None:
        await mark(connection, place.conversation_id, "off")

    if payload == EXPIRED:
        return Instead([texts.told("nobody_came_off", message.language)], kept)
    if message.handover is None and wants_a_person(payload, message.text):
        return Instead([texts.told("official_asked_off", message.language)], asked)
    if message.handover is None and await controls.untold(message.conversation_id, "off", AGAIN):
        return Instead([off.said(message.language)], told)
    return Instead([], nothing)


async def incident(
    controls: Controls, channel: Channel, message: Claimed
) -> tuple[list[Outbound], Also | None]:
    """The incident, before the conversation's first answer since it is told; the website shows it itself."""
    banner = (await controls.now()).banner
    if banner is None or not isinstance(channel, PushChannel):
        return [], None
    what = f"{BANNER}:{banner.id}"
    if not await controls.untold(message.conversation_id, what):
        return [], None

    async def told(connection: AsyncConnection, place: Place) -> None:
        await mark(connection, place.conversation_id, what)

    return [banner.said(message.language)], told


def is_answered_when_off(payload: str | None) -> bool:
    """Whether a message is not the assistant's while it is off. What the system tells by itself goes on."""
    return payload is None or not payload.startswith(INTERNAL) or payload == EXPIRED


def wants_a_person(payload: str | None, text: str | None) -> bool:
    """Whether the message asks for an official, as far as plain words tell."""
    if payload is not None:
        return payload.partition("{")[0] == TALK
    return bool(text and _PERSON.search(fold(text)))


async def keep_message(connection: AsyncConnection, place: Place, keyring: Keyring) -> None:
    """Nobody came while the assistant is off: what the citizen wrote last becomes a message for staff."""
    rows: list[Any] = list(
        await connection.scalars(
            select(Inbox.text)
            .where(
                Inbox.conversation_id == place.conversation_id,
                Inbox.text.is_not(None),
                Inbox.secret.is_(False),
            )
            .order_by(Inbox.number.desc())
            .limit(_WORDS)
        )
    )
    if not rows:
        return
    await connection.execute(
        insert(Handover).values(
            conversation_id=place.conversation_id,
            state=MESSAGE,
            reason="leave_message",
            asked_at=now(),
            message=keyring.encrypt("\n".join(reversed(rows))),
        )
    )
