"""Brings stored replies to the platforms that must be called for each, in order, and retries with care.

One reply of a conversation at a time, many conversations side by side. Before a call the row is marked
as being sent, after it the outcome is recorded. What lies in between can be cut off, by a lost
connection or a killed process: then nobody knows whether the citizen has seen the reply, and it is sent
again, because a reply twice is better than none (docs/adr/0006).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from time import perf_counter
from typing import TypeVar

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from channels import sending
from channels.base import Address, Channel, Part, PushChannel
from channels.errors import ChatClosed, SendError, SendLater, SendUnknown
from channels.metrics import Metrics
from channels.options import SenderOptions
from channels.pace import Pace
from channels.sending import Sending
from channels.store import Store
from troly import telemetry, trace
from troly.clock import now
from troly.errors import SettingError
from troly.privacy import Keyring

log = structlog.get_logger("sender")

_REFILL = 0.1
"""Seconds until a channel whose limit is used up is looked at again."""

_RECORD_PAUSES = (0.2, 1.0, 3.0)
"""Between tries to record an outcome, seconds; together less than a lease leaves after a call."""

_LONG = 3600.0
"""Nobody waits in memory for longer pauses."""

T = TypeVar("T")

_FAILING = 3
"""After so many failures in a row a platform counts as away."""


class Sender:
    """The sender of one process."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        channels: Mapping[str, Channel],
        metrics: Metrics,
        options: SenderOptions | None = None,
    ) -> None:
        """Does nothing before start(); `channels` may be filled until then."""
        self._store = store
        self._keyring = keyring
        self._all = channels
        self._channels: dict[str, PushChannel] = {}
        self._metrics = metrics
        self._options = options or SenderOptions()
        self._work = asyncio.Event()
        self._wakes = 0
        self._stopping = False
        self._running: set[asyncio.Task[None]] = set()
        self._dispatcher: asyncio.Task[None] | None = None
        self._paces: dict[str, Pace] = {}
        self._failing: dict[str, int] = {}

    def start(self) -> None:
        """Begin to send, if there is a channel to send on."""
        self._channels = {
            name: channel for name, channel in self._all.items() if isinstance(channel, PushChannel)
        }
        self._paces = {name: Pace(channel) for name, channel in self._channels.items()}
        if self._channels:
            self._dispatcher = asyncio.create_task(self._dispatch())

    def wake(self) -> None:
        """A reply was stored that may have to be sent."""
        self._wakes += 1
        self._work.set()

    async def stop(self) -> None:
        """Send what is due for a while, then cut off; what is cut off is sent again after its lease."""
        self._stopping = True
        self._work.set()
        if self._dispatcher:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._options.drain):
                    await asyncio.wait([self._dispatcher])
                    await self._drained()
        await self.kill()

    async def kill(self) -> None:
        """End at once, as if the process died."""
        tasks = [*self._running, *([self._dispatcher] if self._dispatcher else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._dispatcher = None

    def states(self) -> dict[str, bool]:
        """For each channel whether its platform takes what is sent (True as well before the first)."""
        return {name: self._failing.get(name, 0) < _FAILING for name in self._channels}

    async def _drained(self) -> None:
        """Until nothing is due and nothing is being sent."""
        while await self._take() or self._running:
            if self._running:
                await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)

    async def _dispatch(self) -> None:
        while not self._stopping:
            self._work.clear()
            try:
                await self._take()
            except Exception as error:  # the database may be away for a while
                log.error("claim_failed", error=type(error).__name__)
                await asyncio.sleep(self._options.poll)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(self._options.poll):
                    await self._work.wait()

    async def _take(self) -> int:
        open_for = {name: limit.free() for name, limit in self._paces.items()}
        ready = [name for name, free in open_for.items() if free]
        if len(ready) < len(open_for):
            asyncio.get_running_loop().call_later(_REFILL, self._work.set)
        free = min(self._options.workers - len(self._running), max(open_for.values()))
        lease, wakes = timedelta(seconds=self._options.lease), self._wakes
        claimed = await sending.claim(self._store, ready, free, lease)
        full = len(claimed) == free
        for row in claimed:
            task = asyncio.create_task(self._process(row, wakes, again=row.more or full))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return len(claimed)

    async def _process(self, row: Sending, wakes: int, *, again: bool) -> None:
        with trace.follow(row.inbox_id), telemetry.span("reply", channel=row.channel):
            await self._worked(row, wakes, again=again)

    async def _worked(self, row: Sending, wakes: int, *, again: bool) -> None:
        """`wakes` is their number before the claim: a later one may mean the conversation's next reply."""
        started = perf_counter()
        bound = log.bind(channel=row.channel, conversation_id=row.conversation_id, reply=row.number)
        try:
            outcome = await self._send(row)
        except Exception as error:  # the edge of the sender: the broad catch
            bound.error("send_broken", error=type(error).__name__, exc_info=True)
            outcome = "broken"  # after the lease it is tried again, as when the process had died
        finally:
            if again or wakes != self._wakes:
                self._work.set()
        self._metrics.sends.labels(channel=row.channel, result=outcome.partition(":")[0]).inc()
        bound.info(
            "sent" if outcome in ("sent", "repeated") else "not_sent",
            outcome=outcome,
            attempt=row.attempts + 1,
            ms=round((perf_counter() - started) * 1000),
            waited_ms=round((now() - row.created_at).total_seconds() * 1000),
        )

    async def _send(self, row: Sending) -> str:
        if row.external_id is None or row.closed:
            await sending.close(self._store, row, "closed")
            return "closed"
        if row.repeated > len(self._options.unknown_pauses):
            return await self._give_up(row, "sender_lost")
        channel = self._channels[row.channel]
        try:
            parts = list(channel.render(row.reply))
        except Exception as error:  # one reply that cannot be written must not hold up the next
            log.error("render_broken", channel=row.channel, error=type(error).__name__, exc_info=True)
            return await self._give_up(row, f"render:{type(error).__name__}")
        try:
            external_id = self._keyring.decrypt(row.external_id)
        except SettingError as error:  # the operator can mend it, and until then nothing is lost
            log.error("no_key", error=str(error))
            self._failing[row.channel] = _FAILING
            return await self._failed(row, SendLater("no_key", seconds=60, counts=False), row.platform_ids)
        address = Address(row.conversation_id, external_id, row.last_inbound_at)
        return await self._send_parts(row, channel, address, parts)

    async def _send_parts(
        self, row: Sending, channel: PushChannel, address: Address, parts: list[Part]
    ) -> str:
        ids = row.platform_ids[: row.parts_sent]
        lease = timedelta(seconds=self._options.lease)
        while len(ids) < len(parts):
            if wait := self._paces[row.channel].take(row.conversation_id):
                await self._postpone(row, wait, None, ids, counts=False)
                return "limited"
            try:
                ids.append(await self._call(channel, address, parts[len(ids)]))
            except SendError as error:
                return await self._failed(row, error, ids)
            self._failing[row.channel] = 0
            if len(ids) < len(parts) and not await self._surely(
                lambda: sending.progress(self._store, row, ids, lease)
            ):
                return "superseded"
        if not await self._surely(lambda: sending.conclude(self._store, row, ids)):
            return "superseded"
        self._metrics.delivered.observe((now() - row.created_at).total_seconds())
        return "repeated" if row.repeated else "sent"

    async def _call(self, channel: PushChannel, address: Address, part: Part) -> str | None:
        started = perf_counter()
        try:
            async with asyncio.timeout(self._options.attempt):
                return await channel.send(address, part)
        except TimeoutError:
            raise SendUnknown("timeout") from None
        except SendError:
            raise
        except Exception as error:  # a defect of the adapter: the call may have been made
            log.error("call_broken", channel=channel.name, error=type(error).__name__, exc_info=True)
            raise SendUnknown(f"broken:{type(error).__name__}") from None
        finally:
            self._metrics.calls.labels(channel=channel.name).observe(perf_counter() - started)

    async def _failed(self, row: Sending, error: SendError, ids: list[str | None]) -> str:
        options = self._options
        if isinstance(error, ChatClosed):
            await self._surely(lambda: sending.close(self._store, row, error.reason))
            return f"closed:{error.reason}"
        if isinstance(error, SendLater):
            self._failing[row.channel] = self._failing.get(row.channel, 0) + int(error.counts)
            if error.counts and row.attempts + 1 >= options.tries:
                return await self._give_up(row, error.reason, ids)
            pause = options.pauses[min(row.attempts, len(options.pauses) - 1)]
            if error.seconds is not None:
                pause = max(error.seconds, 0.0)
            outcome = "later"
        elif isinstance(error, SendUnknown):
            self._failing[row.channel] = self._failing.get(row.channel, 0) + 1
            if row.repeated >= len(options.unknown_pauses):
                return await self._give_up(row, f"unknown:{error.reason}", ids)
            pause = options.unknown_pauses[row.repeated]
            outcome = "unknown"
        else:
            return await self._give_up(row, error.reason, ids)
        counts = not isinstance(error, SendLater) or error.counts
        await self._postpone(
            row, pause, error.reason, ids, counts=counts, repeats=isinstance(error, SendUnknown)
        )
        return f"{outcome}:{error.reason}"

    async def _postpone(
        self,
        row: Sending,
        seconds: float,
        reason: str | None,
        ids: list[str | None],
        *,
        counts: bool,
        repeats: bool = False,
    ) -> None:
        pause = timedelta(seconds=seconds)
        await self._surely(
            lambda: sending.postpone(self._store, row, pause, reason, ids, counts=counts, repeats=repeats)
        )
        if seconds < _LONG:
            asyncio.get_running_loop().call_later(seconds, self._work.set)

    async def _give_up(self, row: Sending, reason: str, ids: list[str | None] | None = None) -> str:
        taken = row.platform_ids[: row.parts_sent] if ids is None else ids
        await self._surely(lambda: sending.conclude(self._store, row, taken, reason[:80]))
        self._work.set()  # the conversation's next reply goes on
        return f"failed:{reason}"

    async def _surely(self, record: Callable[[], Awaitable[T]]) -> T:
        """Record what came of a call, also when the database is away for a moment: else it is repeated."""
        for pause in _RECORD_PAUSES:
            try:
                return await record()
            except (DBAPIError, PoolTimeout, OSError) as error:
                log.error("record_failed", error=type(error).__name__)
                await asyncio.sleep(pause)
        return await record()
