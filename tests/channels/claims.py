"""An inbox whose clock a test moves, and a plain account of which messages must be claimed next."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from channels import claiming, concluding, conversations, inbox
from channels.base import Inbound
from channels.claiming import Claimed
from channels.store import Store
from troly.database import async_engine, engine
from troly.tables import Base
from troly.tables.conversations import Conversation
from troly.tables.delivery import Inbox, Outbox

TICK = timedelta(milliseconds=13)
"""Between any two moments; half a second is no multiple of it, so that no two messages are even."""

LEASE = timedelta(seconds=1)
LAG = 0.5


@dataclass(slots=True)
class Waiting:
    """A message that has no answer yet."""

    id: str
    visitor: str
    conversation: str
    received_at: datetime
    due_at: datetime
    claimed: Claimed | None = None


class Account:
    """The inbox, and beside it what should be in it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.at = datetime(2026, 11, 22, tzinfo=UTC)
        self.waiting: list[Waiting] = []
        self._opened: set[str] = set()
        self._sent = 0

    def now(self) -> datetime:
        """The moment of the inbox."""
        return self.at

    async def write(self, visitor: str | None, conversation: str) -> str:
        """A message comes in; without a visitor, by a platform."""
        self.at += TICK
        if conversation not in self._opened:
            await conversations.begin(self.store, conversation, "web", "vi", [])
            self._opened.add(conversation)
        self._sent += 1
        number = str(self._sent)
        accepted = await inbox.accept(
            self.store, Inbound("web", conversation, number, self.at, text=number, visitor=visitor)
        )
        assert accepted
        key = visitor or conversation
        self.waiting.append(Waiting(accepted.id, key, conversation, self.at, self.at))
        return accepted.id

    def expected(self, limit: int, share: int) -> set[str]:
        """What a claim must give: each conversation's oldest, shared between visitors."""
        busy = Counter(one.visitor for one in self.waiting if one.claimed and one.due_at > self.at)
        oldest: dict[str, Waiting] = {}
        for one in self.waiting:
            oldest.setdefault(one.conversation, one)
        turns: list[tuple[float, str]] = []
        for one in sorted(oldest.values(), key=lambda one: one.received_at):
            if one.due_at <= self.at:
                busy[one.visitor] += 1
                if busy[one.visitor] <= share:
                    turns.append((one.received_at.timestamp() + LAG * busy[one.visitor], one.id))
        return {identity for _, identity in sorted(turns)[:limit]}

    async def claim(self, limit: int, share: int) -> list[Claimed]:
        """Claim from the inbox."""
        claimed = await claiming.claim(self.store, limit, LEASE, share=share, lag=LAG)
        for message in claimed:
            (one,) = (one for one in self.waiting if one.id == message.id)
            one.claimed, one.due_at = message, self.at + LEASE
        return claimed

    def held(self) -> list[Waiting]:
        """What workers have in their hands, also those whose lease is over."""
        return [one for one in self.waiting if one.claimed]

    async def finish(self, one: Waiting) -> None:
        """Its worker stores the answer."""
        assert one.claimed
        assert await concluding.finish(self.store, one.claimed, []) in ("stored", "more")
        self.waiting.remove(one)

    async def postpone(self, one: Waiting, pause: timedelta) -> None:
        """Its worker gives it back."""
        assert one.claimed
        assert await concluding.postpone(self.store, one.claimed, pause, "x") in ("stored", "more")
        one.claimed, one.due_at = None, self.at + pause


@contextmanager
def _clock(account: Account) -> Iterator[None]:
    with patch.object(claiming, "now", account.now), patch.object(concluding, "now", account.now):
        yield


@asynccontextmanager
async def opened(address: str) -> AsyncIterator[Account]:
    """An empty inbox at this address of a database."""
    made = engine(address)
    tables = [Conversation.__table__, Inbox.__table__, Outbox.__table__]
    Base.metadata.create_all(made, tables=tables)  # type: ignore[arg-type]
    made.dispose()
    store = Store(async_engine(address))
    account = Account(store)
    try:
        with _clock(account):
            yield account
    finally:
        await store.close()
