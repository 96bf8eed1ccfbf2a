"""Conversations as delivery and Rasa leave them in the database."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from troly.clock import now
from troly.tables.conversations import Conversation
from troly.tables.delivery import DONE, Inbox, Outbox
from troly.tables.tracker import TrackerEvent
from troly.tables.turns import Turn, searchable


def stored_talk(
    identity: str, turns: Sequence[dict[str, Any]], *, channel: str = "web", at: datetime | None = None
) -> Iterator[Any]:
    """The statements that leave a conversation in the database as delivery does.

    A turn: "text" or "payload", "reply", "content" (more of the reply), "turn" (columns of the turn),
    "parsed" (what Rasa understood).
    """
    moment = at or now()
    yield (
        insert(Conversation).values(
            id=identity,
            channel=channel,
            language="vi",
            last_message=len(turns),
            last_event=len(turns),
            created_at=moment,
            active_at=moment,
        )
    )
    for number, turn in enumerate(turns, start=1):
        message_id = uuid.uuid4().hex
        said, reply = turn.get("text"), turn.get("reply", "Trả lời")
        at_turn = moment + timedelta(seconds=number)
        yield (
            insert(Inbox).values(
                id=message_id,
                channel=channel,
                message_id=f"{identity}:{number}",
                conversation_id=identity,
                number=number,
                text=said,
                payload=turn.get("payload"),
                received_at=at_turn,
                state=DONE,
                due_at=at_turn,
                attempts=1,
            )
        )
        yield (
            insert(Outbox).values(
                conversation_id=identity,
                number=number,
                kind="reply",
                inbox_id=message_id,
                content={"text": reply, "language": "vi", "from": "bot", **turn.get("content", {})},
                created_at=at_turn + timedelta(milliseconds=300),
            )
        )
        values = {
            "language": "vi",
            "intent": "ask_fee",
            "confidence": 0.9,
            "status": "answered",
            "ms": 300,
            "words": searchable(said) if said else None,
            **turn.get("turn", {}),
        }
        yield (
            insert(Turn).values(
                conversation_id=identity,
                number=number,
                message_id=message_id,
                at=at_turn + timedelta(milliseconds=300),
                channel=channel,
                **values,
            )
        )
        if parsed := turn.get("parsed"):
            for event in (
                {"event": "user", "metadata": {"message_id": message_id}, "parse_data": parsed},
                {"event": "action", "name": "action_answer_procedure", "policy": "RulePolicy"},
            ):
                event["timestamp"] = at_turn.timestamp() + (0.15 if event["event"] == "action" else 0.0)
                yield insert(TrackerEvent).values(
                    sender_id=identity, type=event["event"], timestamp=event["timestamp"], data=event
                )
