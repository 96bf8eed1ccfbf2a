"""Opening what a citizen sent: for the official who holds the conversation, or held it when it came.

The content is a picture that we wrote ourselves when it came (channels/photos.py), or sound and video that
browsers play; nothing else leaves here. Each opening is a line in the audit.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Row, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.media import kind_of
from channels.sharing import PLAYED
from console.actions import Change, act
from console.conversations.sent import sent_of
from console.errors import Missing, Refused
from console.parts import Console
from console.permissions import Permission
from console.visits import Staff
from troly.tables.channels import MediaRow
from troly.tables.delivery import Inbox
from troly.tables.handover import CLOSED, HELD, Handover

PICTURE = "image/jpeg"
_ENDINGS = {
    PICTURE: "jpg",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "video/mp4": "mp4",
}
_LARGEST = 10 * 1024 * 1024
_NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Opened:
    """A file to be shown."""

    content: bytes
    mime: str

    @property
    def name(self) -> str:
        """What it is called when it is saved: nothing that the citizen wrote."""
        return f"tep.{_ENDINGS[self.mime]}"


def may_open(handover: Any, officer: str) -> bool:
    """Whether this official has, or had, the conversation."""
    return handover.claimed_by == officer and handover.state in (HELD, CLOSED)


async def open_file(console: Console, staff: Staff, handover_id: int, message_id: str) -> Opened:
    """What came with a message. Raises Missing, where it is not this official's to see, and Refused."""

    async def do(connection: AsyncConnection) -> Change:
        row = await _message(connection, staff, handover_id, message_id)
        sent = sent_of(row.media, row.payload) if row else None
        if row is None or sent is None:
            raise Missing("handover.file_not_yours")
        if sent.name is None or not await _is_own(connection, sent.name, row.conversation_id):
            raise Refused("handover.file_gone")
        opened = await asyncio.to_thread(_read, console.settings.data_dir / "media", sent.name)
        after = {"message": message_id, "kind": sent.kind, "bytes": len(opened.content)}
        return Change(f"handover:{handover_id}", None, after, opened)

    change = await act(console.store, staff, Permission.HANDOVER_TAKE, "handover_file_opened", do)
    opened: Opened = change.result
    return opened


async def _message(
    connection: AsyncConnection, staff: Staff, handover_id: int, message_id: str
) -> Row[Any] | None:
    """The message, if it is of this handover's conversation and came before the official's part ended."""
    return (
        await connection.execute(
            select(Inbox.conversation_id, Inbox.media, Inbox.payload)
            .join(Handover, Handover.conversation_id == Inbox.conversation_id)
            .where(
                Handover.id == handover_id,
                Handover.claimed_by == staff.name,
                Handover.state.in_((HELD, CLOSED)),
                Inbox.id == message_id,
                or_(Handover.closed_at.is_(None), Inbox.received_at <= Handover.closed_at),
            )
        )
    ).first()


async def _is_own(connection: AsyncConnection, name: str, conversation_id: str) -> bool:
    """A citizen may name any file in a button's words: only their own is shown."""
    own = exists().where(MediaRow.sha256 == name, MediaRow.conversation_id == conversation_id)
    return bool(await connection.scalar(select(own)))


def _read(folder: Path, name: str) -> Opened:
    path = folder / name
    if not _NAME.fullmatch(name) or not path.is_file():
        raise Refused("handover.file_gone")
    if path.stat().st_size > _LARGEST:
        raise Refused("handover.file_unsafe")
    content = path.read_bytes()
    mime = kind_of(content)
    if mime != PICTURE and mime not in PLAYED:
        raise Refused("handover.file_unsafe")
    return Opened(content, mime)
