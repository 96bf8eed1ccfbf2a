"""A conversation as a whole: begun, read back, rated, erased."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, insert, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from channels import sharing, texts
from channels.base import Outbound, Reply
from channels.errors import ApiError
from channels.outbox import Event, append, events_after
from channels.store import Store
from troly.clock import now
from troly.masking import without_identifiers
from troly.privacy import MASK
from troly.tables import turns
from troly.tables.conversations import Conversation, Rating, forget_dialogue
from troly.tables.delivery import INTERNAL, Inbox, Outbox

_EVERYTHING = 1_000_000


@dataclass(frozen=True, slots=True)
class CitizenLine:
    """What the citizen wrote or pressed."""

    id: str
    text: str | None
    payload: str | None
    at: datetime
    state: str
    platform_id: str
    media: dict[str, Any] | None = None
    """What was sent besides words (channels/reception.py)."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """Everything said in a conversation, in order; passing notices are left out."""

    conversation_id: str
    language: str | None
    created_at: datetime
    last_event: int
    handover: str | None
    """Who answers: none, waiting or staff (troly/tables/conversations.py)."""
    lines: list[CitizenLine | Event]

    def title_of(self, payload: str) -> str | None:
        """The title of the button that has this payload."""
        for line in reversed(self.lines):
            if isinstance(line, Event):
                for button in line.content.get("buttons", ()):
                    if button.get("payload") == payload:
                        return str(button["title"])
        return None

    def said(self, line: CitizenLine) -> str:
        """The citizen's words, with what was sent beside them named; for a button its title."""
        if line.payload is None:
            sent = sharing.sent_kind(line.media)
            named = texts.say(f"shared_{sent}", self.language) if sent else ""
            return f"{named} {line.text}" if named and line.text else line.text or named
        if title := self.title_of(line.payload):
            return title
        shared = sharing.kind_in(line.payload)
        return texts.say(f"shared_{shared}" if shared else "pressed", self.language)


def new_id() -> str:
    """An id that cannot be guessed."""
    return secrets.token_hex(16)


async def begin(
    store: Store, conversation_id: str, channel: str, language: str | None, greeting: Sequence[Outbound]
) -> list[Reply]:
    """Store a new conversation with its greeting; gives the greeting as replies."""
    moment = now()
    async with store.write() as connection:
        await connection.execute(
            insert(Conversation).values(
                id=conversation_id,
                channel=channel,
                language=language,
                last_message=0,
                last_event=0,
                created_at=moment,
                active_at=moment,
            )
        )
        await append(connection, conversation_id, greeting)
    return [event.reply for event in await events_after(store, conversation_id, 0)]


async def last_event(store: Store, conversation_id: str) -> int | None:
    """The number of the newest event; None when there is no such conversation."""
    async with store.read() as connection:
        number: int | None = await connection.scalar(
            select(Conversation.last_event).where(Conversation.id == conversation_id)
        )
        return number


async def wants_staff(store: Store, conversation_id: str) -> bool:
    """Whether an official was asked for, or answers."""
    wanted = exists().where(Conversation.id == conversation_id, Conversation.handover.is_not(None))
    async with store.read() as connection:
        return bool(await connection.scalar(select(wanted)))


async def read(store: Store, conversation_id: str) -> Transcript | None:
    """The transcript; None when there is no such conversation."""
    async with store.read() as connection:
        found = (
            await connection.execute(
                select(
                    Conversation.id,
                    Conversation.language,
                    Conversation.created_at,
                    Conversation.last_event,
                    Conversation.handover,
                ).where(Conversation.id == conversation_id)
            )
        ).first()
        if found is None:
            return None
        rows = await connection.execute(
            select(
                Inbox.id,
                Inbox.text,
                Inbox.payload,
                Inbox.received_at,
                Inbox.state,
                Inbox.message_id,
                Inbox.media,
            )
            .where(
                Inbox.conversation_id == conversation_id,
                # What the system had the assistant say is not the citizen's.
                or_(Inbox.payload.is_(None), not_(Inbox.payload.startswith(INTERNAL, autoescape=True))),
            )
            .order_by(Inbox.number)
        )
        written = [CitizenLine(*row) for row in rows]
    events = await events_after(store, conversation_id, 0, limit=_EVERYTHING)
    said = [event for event in events if event.kind in ("reply", "joined", "returned")]
    return Transcript(*found, lines=_merged(written, said))


def _merged(written: Sequence[CitizenLine], said: Sequence[Event]) -> list[CitizenLine | Event]:
    """Both in their own order and by time, also where the machine's clock was set back in between."""
    lines: list[CitizenLine | Event] = []
    unasked = {line.id for line in written}
    before, waiting = None, deque(said)
    for line in written:
        while waiting and waiting[0].inbox_id not in unasked:
            made = waiting[0].created_at
            # Set back since the line before: what is later than that one was said before this one.
            if made > line.at and not (before and line.at < before.at <= made):
                break
            lines.append(waiting.popleft())
        lines.append(line)
        unasked.discard(line.id)
        before = line
    return [*lines, *waiting]


async def rate(
    store: Store,
    conversation_id: str,
    *,
    reply_id: str | None,
    message_id: str | None,
    scale: str,
    value: int,
    comment: str,
    reason: str | None = None,
) -> None:
    """Store a rating; a second one of the same thing replaces the first.

    Raises ApiError 422 for a target that is not of this conversation.
    """
    if reply_id:
        target = f"reply:{reply_id}"
    elif message_id:
        target = f"message:{message_id}"
    else:
        target = "conversation"
    async with store.write() as connection:
        # Also the statement that takes SQLite's write lock.
        alive = await connection.execute(
            update(Conversation).where(Conversation.id == conversation_id).values(active_at=now())
        )
        if not alive.rowcount:
            raise ApiError(401, "conversation_over")
        if not await _is_of(connection, conversation_id, reply_id, message_id):
            raise ApiError(422, "unknown_target")
        await connection.execute(
            delete(Rating).where(Rating.conversation_id == conversation_id, Rating.target == target)
        )
        await connection.execute(
            insert(Rating).values(
                conversation_id=conversation_id,
                target=target,
                scale=scale,
                value=value,
                comment=without_identifiers(comment, MASK),  # nobody calls back because of a rating
                reason=reason,
                created_at=now(),
            )
        )
        await turns.rated(
            connection,
            conversation_id,
            value,
            scale,
            reply=int(reply_id) if reply_id else None,
            message_id=message_id,
        )


async def _is_of(
    connection: AsyncConnection, conversation_id: str, reply_id: str | None, message_id: str | None
) -> bool:
    if reply_id:
        known = exists().where(Outbox.conversation_id == conversation_id, Outbox.number == int(reply_id))
    elif message_id:
        known = exists().where(Inbox.conversation_id == conversation_id, Inbox.id == message_id)
    else:
        return True
    return bool(await connection.scalar(select(known)))


async def forget(store: Store, conversation_id: str) -> None:
    """Forget what Rasa has just remembered again of a conversation that was erased meanwhile."""
    async with store.write() as connection:
        await forget_dialogue(connection, conversation_id)
