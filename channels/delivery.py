"""Workers: each takes a message from the inbox, asks Rasa, and stores the answer in the outbox.

Rasa may see a message twice (its answer came too late, or the worker died before it could store
it); the citizen sees one answer, because the answer and the end of the message are one transaction
that only the holder of the claim can make.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from time import perf_counter
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from channels import (
    broadcasting,
    choices,
    controls,
    conversations,
    erasing,
    inbox,
    own_payloads,
    sharing,
    texts,
    transcripts,
    turns,
)
from channels.base import Channel, Outbound, PushChannel
from channels.controls import Controls
from channels.errors import RasaError, RasaUnreachable
from channels.inbox import Also, Claimed, Outcome
from channels.media import MediaStore
from channels.metrics import Metrics
from channels.options import DeliveryOptions
from channels.outbox import Place
from channels.rasa import RasaClient, neutralize
from channels.store import Store
from troly import telemetry, trace
from troly.clock import now
from troly.privacy import Keyring
from troly.tables.conversations import STAFF

log = structlog.get_logger("delivery")


class Delivery:
    """The workers of one process."""

    def __init__(
        self,
        store: Store,
        rasa: RasaClient,
        channels: Mapping[str, Channel],
        metrics: Metrics,
        media: MediaStore,
        options: DeliveryOptions | None = None,
        *,
        keyring: Keyring,
        default_language: str,
        wake_sender: Callable[[], None],
        switched: Controls | None = None,
    ) -> None:
        """Does nothing before start(); `channels` may be filled until then.

        `wake_sender` is called when a reply is stored that has to be sent.
        """
        self._controls = switched or Controls(store)
        self._store = store
        self._rasa = rasa
        self._channels = channels
        self._metrics = metrics
        self._media = media
        self._keyring = keyring
        self._default_language = default_language
        self._wake_sender = wake_sender
        self._options = options or DeliveryOptions()
        self._work = asyncio.Event()
        self._running: dict[asyncio.Task[None], Claimed] = {}
        self._full = False
        self._away = False
        """Rasa could not be reached when it was last asked."""
        self._stopping = False
        self._loops: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to work."""
        self._loops = [asyncio.create_task(self._dispatch()), asyncio.create_task(self._keep())]

    def wake(self) -> None:
        """There may be something to do."""
        self._work.set()

    async def stop(self) -> None:
        """Take nothing more, let running tries end for a while, then cut them off."""
        self._stopping = True
        self._work.set()
        # Not cancelled: what it is just claiming would wait for the end of its lease.
        if self._loops:
            await asyncio.wait(self._loops[:1], timeout=self._options.drain)
        if self._running:
            await asyncio.wait(self._running, timeout=self._options.drain)
        await self.kill()

    async def kill(self) -> None:
        """End at once, as if the process died."""
        await _end([*self._running, *self._loops])

    async def _dispatch(self) -> None:
        while not self._stopping:
            if self._away:
                # Many may wait: asking for each of them at every chance would slow those who write now.
                await asyncio.sleep(self._options.poll)
            self._work.clear()
            try:
                free = self._options.workers - len(self._running)
                claimed = await inbox.claim(self._store, free, timedelta(seconds=self._options.lease))
            except Exception as error:  # the database may be away for a while
                log.error("claim_failed", error=type(error).__name__)
                await asyncio.sleep(self._options.poll)
                continue
            self._full = len(claimed) == free
            for message in claimed:
                task = asyncio.create_task(self._process(message))
                self._running[task] = message
                task.add_done_callback(self._ended)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._options.poll):
                    await self._work.wait()

    async def _keep(self) -> None:
        lease = self._options.lease
        while True:
            await asyncio.sleep(lease / 3)
            if not self._running:
                continue
            try:
                await inbox.renew(self._store, [*self._running.values()], timedelta(seconds=lease))
            except Exception as error:  # then others may take them, and only one answer is stored
                log.error("renew_failed", error=type(error).__name__)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        if self._full:  # something may have been left for lack of a worker
            self._work.set()

    async def _process(self, message: Claimed) -> None:
        with trace.follow(message.id), telemetry.span("message", channel=message.channel):
            await self._worked(message)

    async def _worked(self, message: Claimed) -> None:
        started = perf_counter()
        bound = log.bind(
            message_id=message.id, conversation_id=message.conversation_id, attempt=message.attempts
        )
        channel = self._channels.get(message.channel)
        if channel is None:
            # Stored before the operator took the channel's settings away.
            await self._release(message, "no_channel")
            return
        try:
            media = await self._collected(channel, message)
            silent = message.handover == STAFF
            async with asyncio.timeout(self._options.attempt):
                await channel.typing(message.conversation_id, not silent and not self._away)
                outcome = await self._attempt(channel, message, media)
                await channel.typing(message.conversation_id, False)
        except Exception as error:  # the edge of the worker: the broad catch
            self._metrics.failures.labels(reason=type(error).__name__).inc()
            bound.error("turn_broken", error=type(error).__name__, exc_info=True)
            await self._release(message, "broken")
            outcome = "broken"
        bound.info(
            "turn",
            outcome=outcome,
            ms=round((perf_counter() - started) * 1000),
            waited_ms=round((now() - message.received_at).total_seconds() * 1000),
        )

    async def _release(self, message: Claimed, reason: str) -> None:
        pause = timedelta(seconds=self._options.pauses[-1])
        with suppress(Exception):  # else the lease runs out, which comes to the same
            await inbox.postpone(self._store, message, pause, reason, counts=reason == "broken")

    async def _collected(self, channel: Channel, message: Claimed) -> dict[str, Any] | None:
        """What is known of the message's media, with its content fetched and kept where that can be."""
        media = message.media
        if media is None or media.keys() & {"stored", "application_code", "refused"}:
            return media
        if not isinstance(channel, PushChannel):
            return media
        try:
            async with asyncio.timeout(self._options.collect):
                content = await channel.collect(media)
                if content is None:
                    return media
                return await sharing.keep(self._media, content, media, message.conversation_id)
        except Exception as error:  # a picture that cannot be had must not cost the answer
            log.warning("media_lost", message_id=message.id, error=type(error).__name__)
            return media | {"lost": type(error).__name__}

    async def _attempt(self, channel: Channel, message: Claimed, media: dict[str, Any] | None) -> str:
        if message.attempts > self._options.tries:
            # Its workers died before they could say why.
            return await self._park(channel, message, "worker_lost")
        if message.secret and message.text:
            message = replace(message, text=self._keyring.decrypt(message.text))
        payload = (
            message.payload or await self._chosen(channel, message) or sharing.payload_of(media, message.text)
        )
        match own_payloads.wish_of(payload):
            case "erase":
                return await self._erase(channel, message)
            case "transcript":
                replies = await transcripts.replies(self._store, message.conversation_id, message.language)
                return await self._answer(channel, message, replies, media=media)
            case "no_broadcasts":
                told = [texts.told("no_broadcasts", message.language)]
                return await self._answer(channel, message, told, also=broadcasting.refused)
        if message.handover == STAFF and own_payloads.is_for_staff(payload):
            return await self._hold(channel, message, media)
        if off := await controls.instead(self._controls, message, payload, self._keyring):
            return await self._answer(channel, message, off.replies, media=media, also=off.also)
        started = perf_counter()
        try:
            replies = await self._ask(message, payload, media)
        except RasaError as error:
            self._metrics.failures.labels(reason=error.reason).inc()
            self._away = isinstance(error, RasaUnreachable)
            return await self._failed(channel, message, error)
        self._away = False
        self._metrics.rasa.observe(perf_counter() - started)
        banner, noted = await controls.incident(self._controls, channel, message)
        return await self._answer(channel, message, banner + replies, media=media, also=noted)

    async def _chosen(self, channel: Channel, message: Claimed) -> str | None:
        """The payload that a typed number picks, where the platform has no buttons."""
        if not message.text or not isinstance(channel, PushChannel) or not channel.numbered:
            return None
        return await choices.payload_of_number(self._store, message.conversation_id, message.text)

    async def _ask(
        self, message: Claimed, payload: str | None, media: dict[str, Any] | None
    ) -> list[Outbound]:
        kind = (media or {}).get("kind")
        if media and (refused := media.get("refused")):
            return [texts.media_reply(str(refused), message.language)]
        content = payload or (neutralize(message.text) if message.text else None)
        if content is None or kind == "too_long":
            return [texts.media_reply(kind, message.language)]
        replies = await self._rasa.send(
            message.conversation_id,
            content,
            channel=message.channel,
            message_id=message.id,
            language=message.language,
            visitor=message.visitor,
            secret=message.secret,
            photo=sharing.beside(media) if payload is None else None,
        )
        if kind is None or payload is not None or (sharing.beside(media) and sharing.was_taken(replies)):
            return replies
        # Only the words beside a picture were understood; say so.
        return [texts.media_aside(message.language), *replies]

    async def _answer(
        self,
        channel: Channel,
        message: Claimed,
        replies: list[Outbound],
        *,
        error: str | None = None,
        media: dict[str, Any] | None = None,
        also: Also | None = None,
    ) -> str:
        if isinstance(channel, PushChannel):
            replies = [reply.outside() for reply in replies]
        conclude = partial(turns.concluded, message=message, replies=replies, keyring=self._keyring)
        outcome = await inbox.finish(
            self._store,
            message,
            replies,
            error=error,
            media=media if media != message.media else None,
            also=_both(conclude, also) if also else conclude,
        )
        if outcome in ("superseded", "erased", "held"):
            return await self._not_ours(message, outcome)
        if outcome == "more":
            # The conversation's next message has become the oldest.
            self._work.set()
        status = next((reply.answer.status for reply in reversed(replies) if reply.answer), "none")
        self._metrics.replies.labels(channel=message.channel, status=status).inc()
        self._metrics.turn.observe((now() - message.received_at).total_seconds())
        await self._announce(channel, message.conversation_id)
        return status

    async def _announce(self, channel: Channel, conversation_id: str) -> None:
        if isinstance(channel, PushChannel):
            self._wake_sender()
        await channel.announce(conversation_id)

    async def _not_ours(self, message: Claimed, outcome: Outcome) -> str:
        if outcome == "erased":
            # While Rasa worked on it, which has just remembered it again.
            await conversations.forget(self._store, message.conversation_id)
        elif outcome == "held":
            self._work.set()
        return outcome

    async def _hold(self, channel: Channel, message: Claimed, media: dict[str, Any] | None) -> str:
        """Staff hold the conversation: what the citizen says is for them alone."""
        outcome = await inbox.hold(self._store, message, media if media != message.media else None)
        self._work.set()
        await self._announce(channel, message.conversation_id)
        return outcome

    async def _erase(self, channel: Channel, message: Claimed) -> str:
        """The citizen's confirmed wish to be forgotten."""
        identity = message.conversation_id
        if isinstance(channel, PushChannel):
            await erasing.erase_and_say_so(self._store, self._media, identity, self._default_language)
            self._wake_sender()
        else:
            await erasing.erase(self._store, self._media, identity)
        await channel.erased(identity)
        return "erased"

    async def _park(self, channel: Channel, message: Claimed, reason: str) -> str:
        outcome = await self._answer(channel, message, [texts.error_reply(message.language)], error=reason)
        return f"parked:{reason}" if outcome == "error" else outcome

    async def _failed(self, channel: Channel, message: Claimed, error: RasaError) -> str:
        options = self._options
        age = (now() - message.received_at).total_seconds()
        outage = isinstance(error, RasaUnreachable)
        if age > options.outage if outage else message.attempts >= options.tries:
            return await self._park(channel, message, error.reason)
        if outage:
            pause = min(options.outage_pause, max(options.pauses[0] / 2, age / 4))
        else:
            pause = options.pauses[message.attempts - 1]
        # A try against a slow Rasa may take its whole time before the next chance to say so.
        quiet = age + pause + (0 if outage else options.attempt)
        late = quiet > options.notice and message.notified_at is None
        notice = texts.late_notice(message.language) if late else None
        outcome = await inbox.postpone(
            self._store, message, timedelta(seconds=pause), error.reason, counts=not outage, notice=notice
        )
        if outcome in ("superseded", "erased", "held"):
            return await self._not_ours(message, outcome)
        asyncio.get_running_loop().call_later(pause, self.wake)
        if notice:
            await self._announce(channel, message.conversation_id)
        return f"retry:{error.reason}"


def _both(first: Also, second: Also) -> Also:
    async def also(connection: AsyncConnection, place: Place) -> None:
        await first(connection, place)
        await second(connection, place)

    return also


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
