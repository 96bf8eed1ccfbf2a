"""Buttons outside the web: what goes to the platform is a reference, what comes back is looked up; and
what a citizen writes instead of pressing one.

A platform's limits are tight (64 bytes at Telegram), and on Zalo a citizen can type what a button would
send. So a button carries only its place in the conversation, and means something only there.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.base import Button
from channels.store import Store
from troly.tables.delivery import Outbox
from troly.text import fold

_REFERENCE = re.compile(r"b:(\d{1,9}):(\d{1,2})")
_THUMB = re.compile(r"t:(\d{1,9}):(up|down)")
_NUMBER = re.compile(r"\W*(\d{1,2})\W*")
_SIGNS = re.compile(r"[^\w]+")
_LONGEST_TITLE = 100
"""Characters; no button has more."""
_TURN = 10
"""More replies than one turn has."""


def reference(reply_id: str, index: int) -> str:
    """The reference of a reply's button, at most 14 ASCII bytes; the first button has index 0."""
    return f"b:{reply_id}:{index}"


def thumb(reply_id: str, up: bool) -> str:
    """The reference of a thumb under a reply."""
    return f"t:{reply_id}:{'up' if up else 'down'}"


async def payload_of(store: Store, conversation_id: str, reference: str) -> str | None:
    """The payload of the button that was shown in this conversation; None for any other reference."""
    async with store.read() as connection:
        return await payload_in(connection, conversation_id, reference)


async def payload_in(connection: AsyncConnection, conversation_id: str, reference: str) -> str | None:
    """The same within the caller's transaction."""
    if rated := _THUMB.fullmatch(reference):
        return await _rating(connection, conversation_id, int(rated[1]), rated[2])
    found = _REFERENCE.fullmatch(reference)
    if not found:
        return None
    content = await connection.scalar(
        select(Outbox.content).where(
            Outbox.conversation_id == conversation_id, Outbox.number == int(found[1])
        )
    )
    return _payload(content, int(found[2]))


async def payload_of_number(store: Store, conversation_id: str, text: str) -> str | None:
    """The payload of the choice that a typed number means: one of the last turn's.

    None when the text is no number, or the last turn offered no such choice; then it is a text like
    any other (a form may have asked for it).
    """
    found = _NUMBER.fullmatch(text)
    content = await _last_shown(store, conversation_id) if found else None
    return _payload(content, int(found[1]) - 1) if found else None


async def payload_of_title(store: Store, conversation_id: str, text: str) -> str | None:
    """The payload of the button of the last turn whose words were typed, with or without marks.

    None where no button has them, or several have.
    """
    typed = _plain(text)
    if not typed or len(text) > _LONGEST_TITLE:
        return None
    content = await _last_shown(store, conversation_id) or {}
    buttons = [Button.model_validate(button) for button in content.get("buttons") or []]
    meant = [button.payload for button in buttons if _plain(button.title) == typed]
    return meant[0] if len(meant) == 1 else None


def _plain(text: str) -> str:
    return " ".join(_SIGNS.sub(" ", fold(text)).split())


async def _last_shown(store: Store, conversation_id: str) -> dict[str, Any] | None:
    """The reply of the last turn that has buttons."""
    async with store.read() as connection:
        rows = (
            await connection.execute(
                select(Outbox.inbox_id, Outbox.content)
                .where(Outbox.conversation_id == conversation_id, Outbox.kind == "reply")
                .order_by(Outbox.number.desc())
                .limit(_TURN)
            )
        ).all()
    for inbox_id, content in rows:
        if inbox_id != rows[0].inbox_id:
            break
        if content.get("buttons"):
            return dict(content)
    return None


async def _rating(connection: AsyncConnection, conversation_id: str, number: int, thumb: str) -> str | None:
    """What a thumb under this reply says to the assistant; None where there is no such reply."""
    known = await connection.scalar(
        select(Outbox.number).where(Outbox.conversation_id == conversation_id, Outbox.number == number)
    )
    if known is None:
        return None
    return f'/rate_service{{"thumb": "{thumb}", "rated_reply": "{number}"}}'


def _payload(content: dict[str, object] | None, index: int) -> str | None:
    buttons = (content or {}).get("buttons") or []
    if not isinstance(buttons, list) or not 0 <= index < len(buttons):
        return None
    return Button.model_validate(buttons[index]).payload
