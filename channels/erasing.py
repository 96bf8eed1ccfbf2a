"""A citizen's wish to be forgotten, from wherever it comes: everything goes, then that is said once."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from channels import outbox, texts
from channels.media import MediaStore
from channels.store import Store
from troly import erasure
from troly.clock import now
from troly.tables.channels import AddressRow
from troly.tables.conversations import Conversation


@dataclass(frozen=True, slots=True)
class _Reached:
    """How to reach a citizen once more: all of it still encrypted."""

    channel: str
    language: str | None
    lookup: str
    external_id: str


async def erase(store: Store, media: MediaStore, conversation_id: str) -> bool:
    """Forget a conversation of the website everywhere. False when there was none."""
    async with store.write() as connection:
        erased = await erasure.erase(connection, conversation_id)
    await media.discard(erased.files)
    return erased.found


async def erase_and_say_so(
    store: Store, media: MediaStore, conversation_id: str, default_language: str
) -> bool:
    """The same for a conversation whose citizen has to be called: they are told, then forgotten, too.

    False when there was none. Until it is said, a repetition changes nothing.
    """
    async with store.write() as connection:
        erased = await erase_in(connection, conversation_id, default_language)
    if erased is None:
        return False
    await media.discard(erased.files)
    return True


async def erase_in(
    connection: AsyncConnection, conversation_id: str, default_language: str
) -> erasure.Erased | None:
    """The database's part, within the caller's transaction; then discard the files.

    None when there is no such conversation.
    """
    reached = await _reached(connection, conversation_id)
    if reached is None:
        return None
    if await outbox.says_farewell(connection, conversation_id):
        return erasure.Erased(found=True, files=[])
    erased = await erasure.erase(connection, conversation_id)
    await _part(connection, reached, default_language)
    return erased


async def _reached(connection: AsyncConnection, conversation_id: str) -> _Reached | None:
    # Also the statement that takes SQLite's write lock.
    address = (
        await connection.execute(
            update(AddressRow)
            .where(AddressRow.conversation_id == conversation_id)
            .values(closed_at=None)
            .returning(AddressRow.lookup, AddressRow.external_id)
        )
    ).first()
    found = await connection.execute(
        select(Conversation.channel, Conversation.language).where(Conversation.id == conversation_id)
    )
    conversation = found.first()
    return _Reached(*conversation, *address) if conversation and address else None


async def _part(connection: AsyncConnection, reached: _Reached, default_language: str) -> None:
    """Keep for the last words only where they go; channels/sending.py deletes that with them."""
    moment = now()
    await connection.execute(
        insert(Conversation).values(
            id=reached.lookup,
            channel=reached.channel,
            language=reached.language,
            last_message=0,
            last_event=0,
            created_at=moment,
            active_at=moment,
        )
    )
    await connection.execute(
        insert(AddressRow).values(
            conversation_id=reached.lookup,
            lookup=reached.lookup,
            external_id=reached.external_id,
            last_inbound_at=moment,
        )
    )
    farewell = texts.told("erased", reached.language or default_language)
    await outbox.append(connection, reached.lookup, [farewell], kind="farewell")
