"""The outbox: what a conversation was told, in order, numbered so that a client can resume.

Replies of the web lie here until a reader fetches them. Those of other channels wait for the sender
(channels/sending.py has its steps).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal

from sqlalchemy import bindparam, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.base import Outbound, Reply
from channels.store import Store
from troly.clock import now
from troly.tables.conversations import Conversation
from troly.tables.delivery import FAILED, WAITING, Outbox

Kind = Literal["reply", "notice", "joined", "returned", "farewell"]

FETCHED = frozenset({"web"})
"""Channels whose readers come for their replies: nothing has to be sent."""


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the outbox."""

    number: int
    kind: Kind
    inbox_id: str | None
    content: dict[str, Any]
    created_at: datetime

    @property
    def speaker(self) -> Literal["bot", "staff"]:
        """Who said it."""
        return "staff" if self.content.get("from") == "staff" else "bot"

    @property
    def reply(self) -> Reply:
        """The content with its id."""
        return Reply.model_validate(self.content | {"id": str(self.number)})


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a conversation new replies belong."""

    conversation_id: str
    channel: str
    last_event: int
    """The number of the last of them."""
    last_message: int
    """The newest message that has come in."""
    handover: str | None
    """Who answers: none, waiting or staff (troly/tables/conversations.py)."""


async def append(
    connection: AsyncConnection,
    conversation_id: str,
    contents: Sequence[Outbound],
    *,
    kind: Kind = "reply",
    inbox_id: str | None = None,
) -> None:
    """Add to the conversation's outbox within the caller's transaction."""
    if contents and (place := await reserve(connection, conversation_id, contents)):
        await write(connection, place, contents, kind=kind, inbox_id=inbox_id)


async def reserve(
    connection: AsyncConnection,
    conversation_id: str,
    contents: Sequence[Outbound],
    *,
    awaits_secret: bool | None = None,
) -> Place | None:
    """Hold the conversation and take the next numbers; None when it is gone.

    `awaits_secret` says whether the next message must not be kept; None leaves that as it is.
    Whoever changes a conversation's messages comes here first, as inbox.accept() does: else the two can
    wait for each other.
    """
    spoken = next((item.language for item in reversed(contents) if item.language in ("vi", "en")), None)
    values: dict[str, object] = {
        "conversation": conversation_id,
        "more": len(contents),
        "active_at": now(),
    }
    if spoken:
        values["language"] = spoken
    if awaits_secret is not None:
        values["awaits_secret"] = awaits_secret
    found = await connection.execute(_reserving(), values)
    row = found.first()
    return Place(*row) if row else None


@cache
def _reserving() -> Any:
    """Also sets the columns that are named beside its parameters. Made once, as the others here."""
    return (
        update(Conversation)
        .where(Conversation.id == bindparam("conversation"))
        .values(last_event=Conversation.last_event + bindparam("more"))
        .returning(
            Conversation.id,
            Conversation.channel,
            Conversation.last_event,
            Conversation.last_message,
            Conversation.handover,
        )
    )


async def write(
    connection: AsyncConnection,
    place: Place,
    contents: Sequence[Outbound],
    *,
    kind: Kind = "reply",
    inbox_id: str | None = None,
) -> None:
    """Store what reserve() has made place for."""
    moment = now()
    sending: dict[str, object] = {}
    if place.channel not in FETCHED:
        sending = {"channel": place.channel, "state": WAITING, "due_at": moment}
    await connection.execute(
        _writing(),
        [
            {
                "conversation_id": place.conversation_id,
                "number": place.last_event - len(contents) + position,
                "kind": kind,
                "inbox_id": inbox_id,
                "content": content.model_dump(mode="json"),
                "created_at": moment,
                **sending,
            }
            for position, content in enumerate(contents, start=1)
        ],
    )


@cache
def _writing() -> Any:
    return insert(Outbox)


async def close_chat(connection: AsyncConnection, conversation_id: str, reason: str) -> None:
    """Nothing that waits will be sent any more."""
    await connection.execute(
        update(Outbox)
        .where(Outbox.conversation_id == conversation_id, Outbox.state == WAITING)
        .values(state=FAILED, error=reason, claim=None)
    )


async def says_farewell(connection: AsyncConnection, conversation_id: str) -> bool:
    """Whether the conversation was erased and waits only for that to be said."""
    waiting = exists().where(
        Outbox.conversation_id == conversation_id, Outbox.state == WAITING, Outbox.kind == "farewell"
    )
    silent = exists().where(Conversation.id == conversation_id, Conversation.last_message == 0)
    return bool(await connection.scalar(select(waiting & silent)))


async def events_after(store: Store, conversation_id: str, number: int, limit: int = 200) -> list[Event]:
    """The conversation's events after `number`, oldest first."""
    values = {"conversation": conversation_id, "number": number, "most": limit}
    return await _read(store, _after(), values)


async def replies_to(store: Store, inbox_id: str) -> list[Reply]:
    """The answer to one message (notices are not part of it)."""
    events = await _read(store, _answering(), {"message": inbox_id, "most": 100})
    return [event.reply for event in events]


async def _read(store: Store, query: Any, values: dict[str, object]) -> list[Event]:
    async with store.read() as connection:
        return [Event(*row) for row in await connection.execute(query, values)]


@cache
def _after() -> Any:
    conversation = Outbox.conversation_id == bindparam("conversation")
    return _events().where(conversation, Outbox.number > bindparam("number"))


@cache
def _answering() -> Any:
    return _events().where(Outbox.inbox_id == bindparam("message"), Outbox.kind == "reply")


def _events() -> Any:
    columns = (Outbox.number, Outbox.kind, Outbox.inbox_id, Outbox.content, Outbox.created_at)
    return select(*columns).order_by(Outbox.number).limit(bindparam("most"))
