"""The tracker store: asynchronous, appends only what is new, loads a bounded window.

Rasa's own SQL store replays the whole session for each message, in the event loop: 76 ms at turn 10,
443 ms at turn 300. Here a turn costs the same whether it is the tenth or the thousandth: the last
WINDOW_TURNS turns are replayed on top of a snapshot of the slots and the active loop (ADR 3).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, BotUttered, Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import Connection, Text, bindparam, func, insert, select, type_coerce, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import secrets
from troly.database import async_engine, at_once
from troly.errors import TrolyError
from troly.settings import settings
from troly.tables.tracker import TrackerEvent, TrackerSnapshot

WINDOW_TURNS = 2
"""Turns that are replayed; rules look back no further than the current one and the end of the one before."""

_WINDOW_EVENTS = 64

_STORED = "stored_events"
"""Attribute of a loaded tracker: how many of its events are in the database (or stand for older ones)."""

_LAST = "last_event_id"
"""Attribute of a loaded tracker: the event that the conversation ended with in the database."""


# Made once: to put a statement together takes longer than to run it. Events are read from JSON where needed.
_SNAPSHOT = select(TrackerSnapshot.slots, TrackerSnapshot.active_loop, TrackerSnapshot.last_event_id).where(
    TrackerSnapshot.sender_id == bindparam("sender")
)
_LATEST = (
    select(TrackerEvent.type, type_coerce(TrackerEvent.data, Text).label("data"))
    # What was answered, a third of all that is stored, is nothing that rules look at.
    .where(TrackerEvent.sender_id == bindparam("sender"), TrackerEvent.type != BotUttered.type_name)
    .order_by(TrackerEvent.id.desc())
    .limit(_WINDOW_EVENTS)
)
_APPEND = insert(TrackerEvent)
_STATE = {
    "slots": bindparam("new_slots"),
    "active_loop": bindparam("new_loop"),
    "last_event_id": select(func.max(TrackerEvent.id))
    .where(TrackerEvent.sender_id == bindparam("sender"))
    .scalar_subquery(),
}
_MOVE_ON = (
    update(TrackerSnapshot)
    .where(
        TrackerSnapshot.sender_id == bindparam("sender"), TrackerSnapshot.last_event_id == bindparam("begun")
    )
    .values(_STATE | {"turns": TrackerSnapshot.turns + bindparam("new_turns")})
    .returning(TrackerSnapshot.last_event_id)
)
_BEGIN = (
    insert(TrackerSnapshot)
    .values(_STATE | {"sender_id": bindparam("sender"), "turns": bindparam("new_turns")})
    .returning(TrackerSnapshot.last_event_id)
)


class ConversationMoved(TrolyError):
    """Meanwhile another process went on with the conversation: this turn came too late, and is forgotten."""


class WindowedTrackerStore(TrackerStore):
    """Stores each event once and loads the end of a conversation."""

    def __init__(
        self,
        domain: Domain | None = None,
        event_broker: EventBroker | None = None,
        engine: AsyncEngine | None = None,
        **_: Any,
    ) -> None:
        """The engine is made from DATABASE_URL unless given; nothing connects before the first message."""
        super().__init__(domain, event_broker)
        self._engine = engine or async_engine(settings().database, prompt=True)

    @property
    def engine(self) -> AsyncEngine:
        """The connections, which a store of another model may share."""
        return self._engine

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Append the tracker's new events and renew its snapshot, in one transaction.

        Raises ConversationMoved where the conversation no longer ends where this turn began: the gateway
        gave this turn up and asked another process (the gateway hears of the error, if it still listens).
        """
        events = list(tracker.events)
        new = events[getattr(tracker, _STORED, 0) :]
        if not new:
            return
        rows = [
            {
                "sender_id": tracker.sender_id,
                "type": event.type_name,
                "timestamp": event.timestamp,
                "data": data,
            }
            for event, data in zip(new, secrets.as_stored(events, len(events) - len(new)), strict=True)
        ]
        state = {
            "sender": tracker.sender_id,
            "begun": getattr(tracker, _LAST, 0),
            "new_slots": secrets.without_visitor(
                {name: slot.value for name, slot in tracker.slots.items() if slot.has_been_set}
            ),
            "new_loop": tracker.active_loop_name,
            "new_turns": sum(isinstance(event, UserUttered) for event in new),
        }
        number = await at_once(self._engine, partial(_written, rows, state))
        setattr(tracker, _STORED, len(events))
        setattr(tracker, _LAST, number)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The tracker with its last turns, or None for an unknown conversation."""
        snapshot, rows = await at_once(self._engine, partial(_read, sender_id))
        if snapshot is None:
            return None
        complete = len(rows) < _WINDOW_EVENTS
        kept = _last_turns([row.type for row in rows])
        window = [json.loads(row.data) for row in reversed(rows[:kept])]
        cut = kept < len(rows)
        events = list(_events(window))
        if cut or not complete:
            events = [*_prefix(snapshot.slots, snapshot.active_loop, window), *events]
        tracker = self.init_tracker(sender_id)
        for event in events:
            tracker.update(event, self.domain)
        setattr(tracker, _STORED, len(tracker.events))
        setattr(tracker, _LAST, snapshot.last_event_id)
        return tracker

    async def retrieve_full_tracker(self, conversation_id: str) -> DialogueStateTracker | None:
        """The tracker with every event of the conversation."""
        async with self._engine.connect() as connection:
            stored = (
                await connection.execute(
                    select(TrackerEvent.id, TrackerEvent.data)
                    .where(TrackerEvent.sender_id == conversation_id)
                    .order_by(TrackerEvent.id)
                )
            ).all()
        if not stored:
            return None
        tracker = self.init_tracker(conversation_id)
        for event in _events(row.data for row in stored):
            tracker.update(event, self.domain)
        setattr(tracker, _STORED, len(tracker.events))
        setattr(tracker, _LAST, stored[-1].id)
        return tracker

    async def exists(self, conversation_id: str) -> bool:
        """Whether the conversation is known; reads one row."""
        async with self._engine.connect() as connection:
            found = await connection.scalar(
                select(TrackerSnapshot.sender_id).where(TrackerSnapshot.sender_id == conversation_id)
            )
        return found is not None

    async def keys(self) -> Iterable[str]:
        """The ids of all conversations."""
        async with self._engine.connect() as connection:
            return list(await connection.scalars(select(TrackerSnapshot.sender_id)))

    async def close(self) -> None:
        """Give the database connections back."""
        await self._engine.dispose()


def _read(sender_id: str, connection: Connection) -> tuple[Any, Sequence[Any]]:
    """The snapshot of a conversation, or None, and its latest events, the latest first."""
    sender = {"sender": sender_id}
    snapshot = connection.execute(_SNAPSHOT, sender).first()
    return snapshot, connection.execute(_LATEST, sender).all() if snapshot else ()


def _written(rows: list[dict[str, Any]], state: dict[str, Any], connection: Connection) -> int:
    """The number of the last of these events, now that they and the conversation's state are written."""
    connection.execute(_APPEND, rows)
    number = connection.execute(_MOVE_ON, state).scalar()
    if number is None:
        # No snapshot yet, or erased meanwhile; or it moved on, and then this is a second one.
        try:
            number = connection.execute(_BEGIN, state).scalar_one()
        except IntegrityError:
            raise ConversationMoved from None
    return int(number)


def _last_turns(types: Sequence[str]) -> int:
    """How many events, the latest first, hold the last WINDOW_TURNS user messages."""
    turns = 0
    for number, name in enumerate(types, start=1):
        turns += name == UserUttered.type_name
        if turns == WINDOW_TURNS:
            return number
    return len(types)


def _prefix(slots: dict[str, Any], active_loop: str | None, window: list[dict[str, Any]]) -> Iterable[Event]:
    """Events that stand for what was cut off.

    What the window itself sets ends right after the replay whatever it was before; the rest has not
    changed since, so the snapshot's value is also the value at the window's start.
    """
    set_later = {event["name"] for event in window if event["event"] == SlotSet.type_name}
    for name, value in slots.items():
        if name not in set_later:
            yield SlotSet(name, value)
    if active_loop and not any(event["event"] == ActiveLoop.type_name for event in window):
        yield ActiveLoop(active_loop)
    yield ActionExecuted(ACTION_LISTEN_NAME)


def _events(stored: Iterable[dict[str, Any]]) -> Iterable[Event]:
    for data in stored:
        event = Event.from_parameters(data)
        if event is not None:
            yield event
