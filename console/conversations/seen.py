"""What the assistant saw and did in each turn, read from Rasa's events when somebody looks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from troly.tables.tracker import TrackerEvent

_EVENTS = 6000
"""The latest events of a conversation that are read."""

_SILENT = frozenset({"action_listen", "action_session_start"})


@dataclass(frozen=True, slots=True)
class Action:
    """One step of the assistant."""

    name: str
    ms: float | None
    """Until the action had answered, portal calls included."""
    policy: str | None
    confidence: float | None


@dataclass(slots=True)
class Seen:
    """How one message was understood, and what followed."""

    intent: str | None = None
    confidence: float | None = None
    ranking: list[dict[str, Any]] = field(default_factory=list)
    entities: list[dict[str, Any]] = field(default_factory=list)
    procedures: list[dict[str, Any]] = field(default_factory=list)
    decision: str | None = None
    language: str | None = None
    normalized: str | None = None
    ms: float | None = None
    """For understanding alone."""
    parts: dict[str, float] = field(default_factory=dict)
    """The same by component."""
    actions: list[Action] = field(default_factory=list)
    slots: dict[str, Any] = field(default_factory=dict)
    """What the turn changed."""


async def seen_of(connection: AsyncConnection, conversation_id: str) -> dict[str, Seen]:
    """By the id of the message (the inbox row). Where Rasa saw a message twice, the last time."""
    rows = await connection.scalars(
        select(TrackerEvent.data)
        .where(TrackerEvent.sender_id == conversation_id)
        .order_by(TrackerEvent.id.desc())
        .limit(_EVENTS)
    )
    return read(reversed(list(rows)))


def read(events: Iterable[dict[str, Any]]) -> dict[str, Seen]:
    """The same from Rasa's events, oldest first."""
    found: dict[str, Seen] = {}
    turn, before = Seen(), 0.0
    for event in events:
        kind, moment = event.get("event"), float(event.get("timestamp") or 0.0)
        if kind == "user":
            turn = _understood(event.get("parse_data") or {})
            if message_id := (event.get("metadata") or {}).get("message_id"):
                found[str(message_id)] = turn
        elif kind == "action" and event.get("name") not in _SILENT:
            ms = (moment - before) * 1000 if before else None
            turn.actions.append(
                Action(str(event.get("name")), ms, event.get("policy"), event.get("confidence"))
            )
        elif kind == "slot" and event.get("name") != "session_started_metadata":
            turn.slots[str(event.get("name"))] = event.get("value")
        before = moment
    return found


def _understood(parsed: dict[str, Any]) -> Seen:
    intent = parsed.get("intent") or {}
    return Seen(
        intent=intent.get("name"),
        confidence=intent.get("confidence"),
        ranking=list(parsed.get("intent_ranking") or ())[:5],
        entities=[
            {"entity": entity.get("entity"), "value": entity.get("value")}
            for entity in parsed.get("entities") or ()
        ],
        procedures=list(parsed.get("procedures") or ())[:5],
        decision=parsed.get("procedure_decision"),
        language=parsed.get("language"),
        normalized=parsed.get("text_normalized"),
        ms=parsed.get("ms"),
        parts=dict(parsed.get("ms_parts") or {}),
    )
