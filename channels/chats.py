"""Whose chat it is: finds the conversation of a platform's chat, and begins one."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from troly.clock import now
from troly.privacy import Keyring
from troly.tables.channels import AddressRow
from troly.tables.conversations import Conversation


class Chat:
    """A chat of a platform, and how it is found here."""

    def __init__(self, channel: str, external_id: str, keyring: Keyring) -> None:
        """Its conversation, when it is new, is named by the keyed hash of both."""
        self.channel = channel
        self.external_id = external_id
        self.keyring = keyring
        self.lookups = keyring.hashes(channel, external_id)
        self.id = self.lookups[0]


class Known(NamedTuple):
    """A chat that we have met."""

    conversation_id: str
    welcomed_at: datetime | None


async def seen(connection: AsyncConnection, chat: Chat, moment: datetime | None) -> Known | None:
    """Note that the citizen is there, and wrote at `moment`: the chat is open. None when it is new."""
    values: dict[str, object] = {"closed_at": None, "closed_reason": None}
    if moment:
        values["last_inbound_at"] = moment
    found = await connection.execute(
        update(AddressRow)
        .where(AddressRow.lookup.in_(chat.lookups))
        .values(**values)
        .returning(AddressRow.conversation_id, AddressRow.welcomed_at)
    )
    row = found.first()
    return Known(*row) if row else None


async def meet(
    connection: AsyncConnection,
    chat: Chat,
    moment: datetime | None,
    *,
    language: str | None = None,
    display_name: str | None = None,
) -> None:
    """Store the conversation and the address of a citizen who is new to us, unless another just did."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    begun = now()
    await connection.execute(
        dialect.insert(Conversation)
        .values(
            id=chat.id,
            channel=chat.channel,
            language=language,
            last_message=0,
            last_event=0,
            created_at=begun,
            active_at=begun,
        )
        .on_conflict_do_nothing()
    )
    await connection.execute(
        dialect.insert(AddressRow)
        .values(
            conversation_id=chat.id,
            lookup=chat.id,
            external_id=chat.keyring.encrypt(chat.external_id),
            display_name=chat.keyring.encrypt(display_name) if display_name else None,
            last_inbound_at=moment,
        )
        .on_conflict_do_nothing()
    )
