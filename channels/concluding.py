"""How a message leaves the inbox: answered, given back to be tried again, or kept for staff.

Each is one transaction that only the holder of the claim can make; what the citizen is told is stored in it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import cache
from typing import Any, Literal

from sqlalchemy import bindparam, update
from sqlalchemy.ext.asyncio import AsyncConnection

from channels import own_payloads
from channels.base import Outbound
from channels.claiming import Claimed
from channels.inbox import state_of
from channels.outbox import Kind, Place, reserve, write
from channels.store import Store
from troly.clock import now
from troly.privacy import MASK
from troly.tables.conversations import STAFF
from troly.tables.delivery import DONE, HELD, INTERNAL, PARKED, WAITING, Inbox

Outcome = Literal["stored", "more", "held", "superseded", "erased"]
"""What became of an answer: stored (`more`: and another message of the conversation may wait); not
stored, because staff hold the conversation, another worker has the message, or it was erased."""

NOT_OURS = frozenset({"held", "superseded", "erased"})
"""Outcomes after which the citizen was told nothing."""

Also = Callable[[AsyncConnection, Place], Awaitable[None]]
"""What else belongs to an answer, done in the transaction that stores it."""


async def finish(
    store: Store,
    message: Claimed,
    replies: Sequence[Outbound],
    *,
    error: str | None = None,
    media: dict[str, Any] | None = None,
    also: Also | None = None,
) -> Outcome:
    """Store the answer and close the message in one transaction; with `error` it is parked.

    `media` replaces what is known of the message's media; `also` is done in the same transaction. Where
    staff hold the conversation the answer stays unsaid, and the message is kept for them ("held").
    """
    values: dict[str, object] = {
        "state": PARKED if error else DONE,
        "finished_at": now(),
        "error": error,
        "visitor": None,
    }
    if message.secret:
        values["text"] = MASK
    if media is not None:
        values["media"] = media
    return await _conclude(store, message, values, replies, "reply", also)


async def postpone(
    store: Store,
    message: Claimed,
    pause: timedelta,
    error: str,
    *,
    counts: bool = True,
    notice: Outbound | None = None,
) -> Outcome:
    """Give the message back, to be tried again after `pause`; `counts` False takes this try off the count.

    `notice` is told to the citizen now.
    """
    moment = now()
    values: dict[str, object] = {"due_at": moment + pause, "claim": None, "error": error}
    if not counts:
        values["attempts"] = message.attempts - 1
    if notice:
        values["notified_at"] = moment
    return await _conclude(store, message, values, [notice] if notice else [], "notice")


async def hold(store: Store, message: Claimed, media: dict[str, Any] | None = None) -> Outcome:
    """Keep the message for staff; where they have just handed the conversation back, it waits again."""
    values: dict[str, object] = {"due_at": now(), "claim": None, "attempts": message.attempts - 1}
    if media is not None:
        values["media"] = media
    return await _conclude(store, message, values, [], "notice")


class _NotOursError(Exception):
    """Rolls the transaction back."""


async def _conclude(
    store: Store,
    message: Claimed,
    values: dict[str, object],
    contents: Sequence[Outbound],
    kind: Kind,
    also: Also | None = None,
) -> Outcome:
    """Change the message, if it is still this worker's, and tell the citizen, both or neither."""
    try:
        async with store.write() as connection:
            place = await reserve(
                connection, message.conversation_id, contents, awaits_secret=_asks(message, values, contents)
            )
            if place is None:
                return "erased"
            held = place.handover == STAFF and own_payloads.is_for_staff(message.payload)
            if held:
                # Staff took the conversation while the answer was being made: it stays unsaid.
                kept = {name: values[name] for name in values.keys() & {"media", "text"}}
                values, contents = kept | {"state": HELD, "claim": None, "error": None}, ()
            changed = await connection.execute(
                _changing(), values | {"message": message.id, "mine": message.claim}
            )
            if not changed.rowcount:
                raise _NotOursError
            if contents:
                await write(connection, place, contents, kind=kind, inbox_id=message.id)
            if held:
                return "held"
            if also:
                await also(connection, place)
            return "more" if place.last_message > message.number else "stored"
    except _NotOursError:
        return "erased" if await state_of(store, message.id) is None else "superseded"


@cache
def _changing() -> Any:
    """Sets the columns that are named beside its parameters. Made once: that takes longer than running it."""
    mine = (Inbox.id == bindparam("message"), Inbox.claim == bindparam("mine"), Inbox.state == WAITING)
    return update(Inbox).where(*mine)


def _asks(message: Claimed, values: dict[str, object], contents: Sequence[Outbound]) -> bool | None:
    """Whether the answer asks for a secret; None where the question before it stays open."""
    answered = values.get("state") == DONE and contents
    if not answered or (message.payload or "").startswith(INTERNAL):
        return None
    return contents[-1].secret
