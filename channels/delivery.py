"""Workers: each takes a message from the inbox, asks Rasa, and stores the answer in the outbox.

Rasa may see a message twice (its answer came too late, or the worker died before it could store
it); the citizen sees one answer, because the answer and the end of the message are one transaction
that only the holder of the claim can make.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter

import structlog

from channels import conversations, inbox, texts
from channels.base import Channel, Outbound
from channels.errors import RasaEmpty, RasaError, RasaUnreachable
from channels.inbox import Claimed
from channels.metrics import Metrics
from channels.rasa import RasaClient, neutralize
from channels.store import Store
from troly.clock import now

log = structlog.get_logger("delivery")


@dataclass(frozen=True, slots=True)
class DeliveryOptions:
    """How patient delivery is. All in seconds unless said otherwise."""

    workers: int = 16
    """Conversations answered at once by this process."""
    lease: float = 12.0
    """Renewed while a worker lives; a dead worker's message waits no longer than this for another."""
    attempt: float = 30.0
    """One try, Rasa and storing together."""
    poll: float = 1.0
    """How often to look for what other processes left."""
    pauses: tuple[float, ...] = (1.0, 3.0, 8.0, 20.0)
    """After each failed try; one try more than pauses, then the message is parked."""
    empty_tries: int = 2
    """An empty answer is an exception inside Rasa, which seldom passes."""
    outage_pause: float = 10.0
    """Longest pause while Rasa is off; those tries do not count."""
    outage: float = 900.0
    """A message older than this is parked even if only Rasa was off."""
    notice: float = 60.0
    """After this the citizen is told that it takes longer."""
    drain: float = 10.0
    """For running tries at shutdown; what is cut off then is taken up again after its lease."""

    @property
    def tries(self) -> int:
        """After so many a message is parked."""
        return len(self.pauses) + 1


class Delivery:
    """The workers of one process."""

    def __init__(
        self,
        store: Store,
        rasa: RasaClient,
        channels: Mapping[str, Channel],
        metrics: Metrics,
        options: DeliveryOptions | None = None,
    ) -> None:
        """Does nothing before start()."""
        self._store = store
        self._rasa = rasa
        self._channels = channels
        self._metrics = metrics
        self._options = options or DeliveryOptions()
        self._work = asyncio.Event()
        self._running: dict[asyncio.Task[None], Claimed] = {}
        self._loops: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to work."""
        self._loops = [asyncio.create_task(self._dispatch()), asyncio.create_task(self._keep())]

    def wake(self) -> None:
        """There may be something to do."""
        self._work.set()

    async def stop(self) -> None:
        """Take nothing more, let running tries end for a while, then cut them off."""
        dispatcher = self._loops[:1]
        await _end(dispatcher)
        if self._running:
            await asyncio.wait(self._running, timeout=self._options.drain)
        await self.kill()

    async def kill(self) -> None:
        """End at once, as if the process died."""
        await _end([*self._running, *self._loops])

    async def _dispatch(self) -> None:
        while True:
            self._work.clear()
            try:
                free = self._options.workers - len(self._running)
                claimed = await inbox.claim(self._store, free, timedelta(seconds=self._options.lease))
            except Exception as error:  # the database may be away for a while
                log.error("claim_failed", error=type(error).__name__)
                await asyncio.sleep(self._options.poll)
                continue
            for message in claimed:
                task = asyncio.create_task(self._process(message))
                self._running[task] = message
                task.add_done_callback(self._ended)
            if not claimed:
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
        # The conversation's next message has become the oldest.
        self._work.set()

    async def _process(self, message: Claimed) -> None:
        started = perf_counter()
        bound = log.bind(
            message_id=message.id, conversation_id=message.conversation_id, attempt=message.attempts
        )
        try:
            async with asyncio.timeout(self._options.attempt):
                await self._channels[message.channel].typing(message.conversation_id, True)
                outcome = await self._attempt(message)
                await self._channels[message.channel].typing(message.conversation_id, False)
        except Exception as error:  # the edge of the worker: the broad catch
            self._metrics.failures.labels(reason=type(error).__name__).inc()
            bound.error("turn_broken", error=type(error).__name__, exc_info=True)
            outcome = await self._release(message)
        bound.info(
            "turn",
            outcome=outcome,
            ms=round((perf_counter() - started) * 1000),
            waited_ms=round((now() - message.received_at).total_seconds() * 1000),
        )

    async def _release(self, message: Claimed) -> str:
        pause = timedelta(seconds=self._options.pauses[-1])
        with suppress(Exception):  # else the lease runs out, which comes to the same
            await inbox.postpone(self._store, message, pause, "broken")
        return "broken"

    async def _attempt(self, message: Claimed) -> str:
        if message.attempts > self._options.tries:
            # Its workers died before they could say why.
            return await self._park(message, "worker_lost")
        language = await inbox.language_of(self._store, message.conversation_id)
        started = perf_counter()
        try:
            replies = await self._ask(message, language)
        except RasaError as error:
            self._metrics.failures.labels(reason=error.reason).inc()
            return await self._failed(message, error, language)
        self._metrics.rasa.observe(perf_counter() - started)
        return await self._answer(message, replies)

    async def _ask(self, message: Claimed, language: str | None) -> list[Outbound]:
        content = message.payload or (neutralize(message.text) if message.text else None)
        if content is None:
            return [texts.media_reply(language)]
        return await self._rasa.send(
            message.conversation_id,
            content,
            channel=message.channel,
            message_id=message.id,
            language=language,
        )

    async def _answer(self, message: Claimed, replies: list[Outbound], error: str | None = None) -> str:
        if not await inbox.finish(self._store, message, replies, error):
            return await self._superseded(message)
        status = next((reply.answer.status for reply in reversed(replies) if reply.answer), "none")
        self._metrics.replies.labels(channel=message.channel, status=status).inc()
        self._metrics.turn.observe((now() - message.received_at).total_seconds())
        await self._channels[message.channel].announce(message.conversation_id)
        return status

    async def _superseded(self, message: Claimed) -> str:
        if await conversations.last_event(self._store, message.conversation_id) is None:
            # Erased while Rasa worked on it: Rasa has just remembered it again.
            await conversations.erase(self._store, message.conversation_id)
            return "erased"
        return "superseded"

    async def _park(self, message: Claimed, reason: str) -> str:
        language = await inbox.language_of(self._store, message.conversation_id)
        await self._answer(message, [texts.error_reply(language)], reason)
        return f"parked:{reason}"

    async def _failed(self, message: Claimed, error: RasaError, language: str | None) -> str:
        options = self._options
        age = (now() - message.received_at).total_seconds()
        outage = isinstance(error, RasaUnreachable)
        spent = (
            age > options.outage
            if outage
            else message.attempts >= (options.empty_tries if isinstance(error, RasaEmpty) else options.tries)
        )
        if spent:
            return await self._park(message, error.reason)
        if outage:
            pause = min(options.outage_pause, max(options.pauses[0] / 2, age / 4))
        else:
            pause = options.pauses[message.attempts - 1]
        # A try against a slow Rasa may take its whole time before the next chance to say so.
        quiet = age + pause + (0 if outage else options.attempt)
        late = quiet > options.notice and message.notified_at is None
        notice = texts.late_notice(language) if late else None
        if not await inbox.postpone(
            self._store, message, timedelta(seconds=pause), error.reason, counts=not outage, notice=notice
        ):
            return await self._superseded(message)
        asyncio.get_running_loop().call_later(pause, self.wake)
        if notice:
            await self._channels[message.channel].announce(message.conversation_id)
        return f"retry:{error.reason}"


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
