"""How a worker's try ends: answered, given up, kept for staff, erased, or to be tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from channels import concluding, conversations, erasing, texts, turns
from channels.awaited import Awaited
from channels.base import Channel, Outbound, PushChannel
from channels.claiming import Claimed
from channels.concluding import NOT_OURS, Also, Outcome
from channels.errors import RasaError, RasaUnreachable
from channels.media import MediaStore
from channels.metrics import Metrics
from channels.options import DeliveryOptions
from channels.outbox import Place
from channels.store import Store
from troly.clock import now
from troly.privacy import Keyring


class Endings:
    """Each method ends the try of one message and gives the word for the log."""

    def __init__(
        self,
        store: Store,
        metrics: Metrics,
        media: MediaStore,
        options: DeliveryOptions,
        *,
        keyring: Keyring,
        default_language: str,
        look: Callable[[], None],
        wake_sender: Callable[[], None],
        awaited: Awaited,
    ) -> None:
        """`look`: another message may be due; `wake_sender`: a reply is stored that has to be sent."""
        self._store = store
        self._metrics = metrics
        self._media = media
        self._options = options
        self._keyring = keyring
        self._default_language = default_language
        self._look = look
        self._wake_sender = wake_sender
        self._awaited = awaited

    async def answer(
        self,
        channel: Channel,
        message: Claimed,
        replies: list[Outbound],
        *,
        error: str | None = None,
        media: dict[str, Any] | None = None,
        also: Also | None = None,
    ) -> str:
        """Store the answer, and tell whoever listens."""
        if isinstance(channel, PushChannel):
            replies = [reply.outside() for reply in replies]
        first = 0

        async def conclude(connection: AsyncConnection, place: Place) -> None:
            nonlocal first
            first = place.last_event - len(replies) + 1
            await turns.concluded(connection, place, message=message, replies=replies, keyring=self._keyring)

        outcome = await concluding.finish(
            self._store,
            message,
            replies,
            error=error,
            media=media if media != message.media else None,
            also=_both(conclude, also) if also else conclude,
        )
        if outcome in NOT_OURS:
            return await self._not_ours(message, outcome)
        if outcome == "more":
            # The conversation's next message has become the oldest.
            self._look()
        status = next((reply.answer.status for reply in reversed(replies) if reply.answer), "none")
        self._metrics.replies.labels(channel=message.channel, status=status).inc()
        self._metrics.turn.observe((now() - message.received_at).total_seconds())
        self._awaited.give(message.id, replies, first)
        await self._announce(channel, message.conversation_id)
        return status

    async def park(self, channel: Channel, message: Claimed, reason: str) -> str:
        """Give up: an apology to the citizen, a line for staff."""
        outcome = await self.answer(channel, message, [texts.error_reply(message.language)], error=reason)
        return f"parked:{reason}" if outcome == "error" else outcome

    async def hold(self, channel: Channel, message: Claimed, media: dict[str, Any] | None) -> str:
        """Staff hold the conversation: what the citizen says is for them alone."""
        outcome = await concluding.hold(self._store, message, media if media != message.media else None)
        self._look()
        await self._announce(channel, message.conversation_id)
        return outcome

    async def erase(self, channel: Channel, message: Claimed) -> str:
        """The citizen's confirmed wish to be forgotten."""
        identity = message.conversation_id
        if isinstance(channel, PushChannel):
            await erasing.erase_and_say_so(self._store, self._media, identity, self._default_language)
            self._wake_sender()
        else:
            await erasing.erase(self._store, self._media, identity)
        await channel.erased(identity)
        return "erased"

    async def failed(self, channel: Channel, message: Claimed, error: RasaError) -> str:
        """Rasa gave no answer: again later, and a word to the citizen where that takes long."""
        options = self._options
        age = (now() - message.received_at).total_seconds()
        outage = isinstance(error, RasaUnreachable)
        if age > options.outage if outage else message.attempts >= options.tries:
            return await self.park(channel, message, error.reason)
        if outage:
            pause = min(options.outage_pause, max(options.pauses[0] / 2, age / 4))
        else:
            pause = options.pauses[message.attempts - 1]
        # A try against a slow Rasa may take its whole time before the next chance to say so.
        quiet = age + pause + (0 if outage else options.attempt)
        late = quiet > options.notice and message.notified_at is None
        notice = texts.late_notice(message.language) if late else None
        outcome = await concluding.postpone(
            self._store, message, timedelta(seconds=pause), error.reason, counts=not outage, notice=notice
        )
        if outcome in NOT_OURS:
            return await self._not_ours(message, outcome)
        asyncio.get_running_loop().call_later(pause, self._look)
        if notice:
            await self._announce(channel, message.conversation_id)
        return f"retry:{error.reason}"

    async def release(self, message: Claimed, reason: str) -> None:
        """Something of ours is broken or missing: again after the longest pause."""
        pause = timedelta(seconds=self._options.pauses[-1])
        with suppress(Exception):  # else the lease runs out, which comes to the same
            await concluding.postpone(self._store, message, pause, reason, counts=reason == "broken")

    async def _announce(self, channel: Channel, conversation_id: str) -> None:
        if isinstance(channel, PushChannel):
            self._wake_sender()
        await channel.announce(conversation_id)

    async def _not_ours(self, message: Claimed, outcome: Outcome) -> str:
        if outcome == "erased":
            # While Rasa worked on it, which has just remembered it again.
            await conversations.forget(self._store, message.conversation_id)
        elif outcome == "held":
            self._look()
        return outcome


def _both(first: Also, second: Also) -> Also:
    async def also(connection: AsyncConnection, place: Place) -> None:
        await first(connection, place)
        await second(connection, place)

    return also
