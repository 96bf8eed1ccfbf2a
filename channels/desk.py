"""What the console needs of conversations that people take over: who waits, and each step, told at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from channels import callback, handover, handover_times
from channels.base import Channel, PushChannel
from channels.handover import Changed
from channels.store import Store
from troly.clock import now
from troly.privacy import Keyring
from troly.settings import Settings
from troly.tables.conversations import Conversation
from troly.tables.handover import HELD, MESSAGE, WAITING, DeskPresence, Handover


@dataclass(frozen=True, slots=True)
class Asked:
    """A citizen who waits, is being served, or left a message."""

    id: int
    conversation_id: str
    channel: str
    language: str | None
    state: str
    reason: str
    unit: str
    asked_at: datetime
    claimed_by: str | None
    message: str | None
    contact: str | None


class Desk:
    """The steps of channels/handover.py, after each of which the citizen's channel is told."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        channels: Mapping[str, Channel],
        settings: Settings,
        *,
        wake: Callable[[], None],
        wake_sender: Callable[[], None],
    ) -> None:
        """`wake` tells the workers of a new message, `wake_sender` the sender of a new reply."""
        self._store = store
        self._keyring = keyring
        self._channels = channels
        self._patience = timedelta(minutes=settings.handover_minutes)
        self._idle = timedelta(minutes=settings.handover_idle_minutes)
        self._wake = wake
        self._wake_sender = wake_sender

    def words(self, encrypted: str | None) -> str:
        """What a citizen left with a message, in clear: to be audited."""
        return self._clear(encrypted, True) or ""

    async def present(self, officer: str, unit: str = "") -> None:
        """The officer has the console open; to be repeated every minute."""
        seen = {"unit": unit[:80], "seen_at": now()}
        async with self._store.write() as connection:
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            await connection.execute(
                dialect.insert(DeskPresence)
                .values(officer=officer, **seen)
                .on_conflict_do_update(index_elements=["officer"], set_=seen)
            )

    async def asked(self, states: Sequence[str] = (WAITING, HELD), limit: int = 200) -> list[Asked]:
        """Those who want a person, the longest waiting first; without what they left as a message."""
        return await self._asked(states, limit, revealed=False)

    async def messages(self, limit: int = 200) -> list[Asked]:
        """Messages that were left and not settled, with their words and numbers: to be audited."""
        return await self._asked((MESSAGE,), limit, revealed=True)

    async def claim(self, handover_id: int, officer: str) -> Changed | None:
        """Take a conversation; the assistant is silent from the return on. None when another was first."""
        return await self.told(await handover.claim(self._store, handover_id, officer))

    async def reply(self, handover_id: int, officer: str, text: str) -> Changed | None:
        """Say something to the citizen, on whichever channel. None when this officer does not hold it."""
        return await self.told(await handover.reply(self._store, handover_id, officer, text))

    async def hand_back(self, handover_id: int, officer: str, *, seen: int | None = None) -> Changed | None:
        """Give a conversation back; the assistant answers what came after message number `seen`."""
        return await self.told(await handover.hand_back(self._store, handover_id, officer, seen=seen))

    async def transfer(
        self, handover_id: int, officer: str, *, to: str | None = None, unit: str | None = None
    ) -> Changed | None:
        """Pass a conversation to another officer, or back into the queue."""
        return await self.told(await handover.transfer(self._store, handover_id, officer, to=to, unit=unit))

    async def settle(self, handover_id: int, officer: str) -> bool:
        """A message that was left has been dealt with."""
        return await callback.settle(self._store, handover_id, officer)

    async def look(self) -> int:
        """End what nobody claimed in time, and give back what an officer forgot; how many."""
        changed = await handover_times.expire(self._store, self._patience)
        changed += await handover_times.release(self._store, self._idle)
        for one in changed:
            await self.told(one)
        return len(changed)

    async def _asked(self, states: Sequence[str], limit: int, *, revealed: bool) -> list[Asked]:
        columns: list[Any] = [
            Handover.id,
            Handover.conversation_id,
            Conversation.channel,
            Conversation.language,
            Handover.state,
            Handover.reason,
            Handover.unit,
            Handover.asked_at,
            Handover.claimed_by,
            Handover.message,
            Handover.contact,
        ]
        async with self._store.read() as connection:
            rows = await connection.execute(
                select(*columns)
                .join(Conversation, Conversation.id == Handover.conversation_id)
                .where(Handover.state.in_(states))
                .order_by(Handover.asked_at)
                .limit(limit)
            )
            found = [Asked(*row) for row in rows]
        return [
            replace(
                one,
                message=self._clear(one.message, revealed),
                contact=self._clear(one.contact, revealed),
            )
            for one in found
        ]

    def _clear(self, text: str | None, revealed: bool) -> str | None:
        return self._keyring.decrypt(text) if text and revealed else None

    async def told(self, changed: Changed | None) -> Changed | None:
        """Bring what a step of channels/handover.py stored to the citizen, once it is committed."""
        if changed and (channel := self._channels.get(changed.channel)):
            self._wake()
            if isinstance(channel, PushChannel):
                self._wake_sender()
            await channel.announce(changed.conversation_id)
        return changed
