"""What the database knows of a chat: which language it speaks, and where a conversation is reached."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from channels.store import Store
from troly.privacy import Keyring
from troly.tables.channels import AddressRow
from troly.tables.conversations import Conversation


@dataclass(frozen=True, slots=True)
class People:
    """Reads only."""

    channel: str
    store: Store
    keyring: Keyring

    async def language(self, external_id: str) -> str | None:
        """The language in which the chat was last answered; None for a chat that never wrote."""
        lookups = self.keyring.hashes(self.channel, external_id)
        async with self.store.read() as connection:
            language: str | None = await connection.scalar(
                select(Conversation.language)
                .join(AddressRow, AddressRow.conversation_id == Conversation.id)
                .where(AddressRow.lookup.in_(lookups))
            )
        return language

    async def external_id(self, conversation_id: str) -> str | None:
        """Where the conversation is reached; None when it is closed or erased."""
        async with self.store.read() as connection:
            encrypted = await connection.scalar(
                select(AddressRow.external_id).where(
                    AddressRow.conversation_id == conversation_id, AddressRow.closed_at.is_(None)
                )
            )
        return self.keyring.decrypt(encrypted) if encrypted else None
