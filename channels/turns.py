"""What belongs to an answer and is stored with it or not at all: the turn, the day's figures, the wish
for a person."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from channels import callback, handover_wishes
from channels.base import Answer, Outbound, Seen
from channels.claiming import Claimed
from channels.outbox import Place
from troly.clock import now
from troly.privacy import Keyring
from troly.tables import counts
from troly.tables.counts import Count
from troly.tables.delivery import INTERNAL
from troly.tables.handover import WAITING
from troly.tables.turns import Turn, searchable


async def concluded(
    connection: AsyncConnection,
    place: Place,
    *,
    message: Claimed,
    replies: Sequence[Outbound],
    keyring: Keyring,
) -> None:
    """In the transaction that stores the answer to `message`, which holds the conversation's row."""
    answer = next((reply.answer for reply in reversed(replies) if reply.answer), None)
    if answer:
        await _handed(connection, message, answer, keyring)
    if place.handover == WAITING and not _is_about_handover(answer):
        language = next((reply.language for reply in reversed(replies)), None)
        await handover_wishes.remind(connection, place.conversation_id, language)
    if not _is_ours(message):
        await connection.execute(_storing(), _turn(place, message, replies, answer))
    await counts.add(connection, _figures(place, message, answer))


async def _handed(connection: AsyncConnection, message: Claimed, answer: Answer, keyring: Keyring) -> None:
    wish = answer.handover
    if wish and wish.wish == "cancel":
        await handover_wishes.cancel(connection, message.conversation_id)
    elif wish and wish.wish == "message":
        await callback.leave(connection, message, wish, keyring)
    elif answer.status == "handed_over":
        await handover_wishes.open_for(connection, message.conversation_id, answer.intent)


@cache
def _storing() -> Any:
    return insert(Turn)


def _is_about_handover(answer: Answer | None) -> bool:
    return answer is None or answer.handover is not None or answer.status == "handed_over"


def _is_ours(message: Claimed) -> bool:
    return bool(message.payload and message.payload.startswith(INTERNAL))


def _turn(
    place: Place, message: Claimed, replies: Sequence[Outbound], answer: Answer | None
) -> dict[str, object]:
    """The row that the console lists the turn by."""
    seen = next((reply.seen for reply in reversed(replies) if reply.seen), Seen())
    moment = now()
    words = searchable(message.text) if message.text and not message.secret else None
    return {
        "conversation_id": place.conversation_id,
        "number": message.number,
        "message_id": message.id,
        "at": moment,
        "channel": place.channel,
        "language": (answer and answer.language) or message.language,
        "intent": answer and answer.intent,
        "confidence": seen.confidence,
        "second_intent": seen.second_intent and seen.second_intent[:80],
        "procedure_code": answer and answer.procedure_code,
        "aspect": answer and answer.aspect,
        "decision": seen.decision and seen.decision[:12],
        "commune": seen.commune and seen.commune[:80],
        "status": _status(answer),
        "ms": max(0, round((moment - message.received_at).total_seconds() * 1000)),
        "handed_over": place.handover is not None or _status(answer) == "handed_over",
        "pressed": message.payload is not None,
        "words": words,
    }


def _figures(place: Place, message: Claimed, answer: Answer | None) -> list[Count]:
    if _is_ours(message):
        return []
    channel, language = place.channel, (answer and answer.language) or message.language
    found = [Count(channel, language, "turn", (answer and answer.intent) or "", _status(answer))]
    if message.number == 1:
        found.append(Count(channel, language, "conversation"))
    if answer and answer.procedure_code:
        found.append(Count(channel, language, "procedure", answer.procedure_code, answer.aspect or ""))
    return found


def _status(answer: Answer | None) -> str:
    return answer.status if answer else "none"
