"""Tags, flags and notes: what staff put on a conversation."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from console.actions import Change
from console.conversations.filters import FLAGS
from console.errors import Invalid, Missing
from troly.clock import now
from troly.tables.conversations import Conversation
from troly.tables.marks import ConversationFlag, ConversationNote, ConversationTag
from troly.text import clean, squeeze

NOTE = 2000
_TAGS = 20


async def exists(connection: AsyncConnection, conversation_id: str) -> None:
    """Raises Missing where the conversation is gone."""
    if not await connection.scalar(select(Conversation.id).where(Conversation.id == conversation_id)):
        raise Missing("conversations.gone")


async def tag(connection: AsyncConnection, conversation_id: str, word: str, by: str) -> Change:
    """Put a tag on. Raises Invalid for none, or for too many."""
    word = squeeze(clean(word)).lower()[:40]
    before = await _tags(connection, conversation_id)
    if not word:
        raise Invalid("conversations.tag_empty")
    if len(before) >= _TAGS:
        raise Invalid("conversations.tag_many", most=_TAGS)
    values = {"conversation_id": conversation_id, "tag": word, "added_by": by, "added_at": now()}
    await connection.execute(_new(connection, ConversationTag, values, ["conversation_id", "tag"]))
    return Change(_target(conversation_id), {"tags": before}, {"tags": sorted({*before, word})})


async def untag(connection: AsyncConnection, conversation_id: str, word: str) -> Change:
    """Take a tag off."""
    before = await _tags(connection, conversation_id)
    await connection.execute(
        delete(ConversationTag).where(
            ConversationTag.conversation_id == conversation_id, ConversationTag.tag == word
        )
    )
    left = [one for one in before if one != word]
    return Change(_target(conversation_id), {"tags": before}, {"tags": left})


async def flag(connection: AsyncConnection, conversation_id: str, kind: str, by: str, *, on: bool) -> Change:
    """Set or remove a flag. Raises Invalid for a kind that does not exist."""
    if kind not in FLAGS:
        raise Invalid("conversations.flag_unknown")
    mine = (ConversationFlag.conversation_id == conversation_id, ConversationFlag.kind == kind)
    was = await connection.scalar(select(ConversationFlag.kind).where(*mine)) is not None
    if on:
        values = {"conversation_id": conversation_id, "kind": kind, "set_by": by, "set_at": now()}
        await connection.execute(_new(connection, ConversationFlag, values, ["conversation_id", "kind"]))
    else:
        await connection.execute(delete(ConversationFlag).where(*mine))
    return Change(_target(conversation_id), {kind: was}, {kind: on})


async def note(connection: AsyncConnection, conversation_id: str, text: str, by: str) -> Change:
    """Write a note. Its words stay out of the audit: they go with the conversation."""
    text = clean(text)
    if not text:
        raise Invalid("conversations.note_empty")
    if len(text) > NOTE:
        raise Invalid("conversations.note_long", longest=NOTE)
    identity = await connection.scalar(
        insert(ConversationNote)
        .values(conversation_id=conversation_id, text=text, written_by=by, written_at=now())
        .returning(ConversationNote.id)
    )
    return Change(_target(conversation_id), None, {"note": identity, "letters": len(text)})


async def erase_note(connection: AsyncConnection, conversation_id: str, note_id: int, by: str) -> Change:
    """Delete one's own note. Raises Missing for another's."""
    done = await connection.execute(
        delete(ConversationNote).where(
            ConversationNote.id == note_id,
            ConversationNote.conversation_id == conversation_id,
            ConversationNote.written_by == by,
        )
    )
    if not done.rowcount:
        raise Missing
    return Change(_target(conversation_id), {"note": note_id}, None)


def _target(conversation_id: str) -> str:
    return f"conversation:{conversation_id}"


async def _tags(connection: AsyncConnection, conversation_id: str) -> list[str]:
    return list(
        await connection.scalars(
            select(ConversationTag.tag)
            .where(ConversationTag.conversation_id == conversation_id)
            .order_by(ConversationTag.tag)
        )
    )


def _new(connection: AsyncConnection, table: Any, values: dict[str, object], key: list[str]) -> Any:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table).values(values).on_conflict_do_nothing(index_elements=key)
