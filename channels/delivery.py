"""Workers: each takes a message from the inbox, has it answered, and the answer stored in the outbox.

Rasa may see a message twice (its answer came too late, or the worker died before it could store
it); the citizen sees one answer, because the answer and the end of the message are one transaction
that only the holder of the claim can make.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from time import monotonic

import structlog

from channels import claiming
from channels.answering import Answering
from channels.awaited import Awaited
from channels.base import Channel
from channels.claiming import Claimed
from channels.controls import Controls
from channels.endings import Endings
from channels.media import MediaStore
from channels.metrics import Metrics
from channels.options import DeliveryOptions
from channels.rasa import RasaClient
from channels.store import Store
from channels.worker import Worker
from troly.privacy import Keyring

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
        awaited: Awaited | None = None,
    ) -> None:
        """Does nothing before start(); `channels` may be filled until then.

        `wake_sender` is called when a reply is stored that has to be sent; `awaited` gets every answer.
        """
        self._store = store
        self._options = options or DeliveryOptions()
        self._work = asyncio.Event()
        self._running: dict[asyncio.Task[None], Claimed] = {}
        self._left = False
        """Something may have been left for lack of a worker."""
        self._stopping = False
        self._loops: list[asyncio.Task[None]] = []
        endings = Endings(
            store,
            metrics,
            media,
            self._options,
            keyring=keyring,
            default_language=default_language,
            look=self._work.set,
            wake_sender=wake_sender,
            awaited=awaited or Awaited(),
        )
        self._worked_at = float("-inf")
        self._answering = Answering(
            store,
            rasa,
            metrics,
            endings,
            tries=self._options.tries,
            keyring=keyring,
            switched=switched or Controls(store),
        )
        self._worker = Worker(
            channels, metrics, media, self._options, answering=self._answering, endings=endings
        )

    def start(self) -> None:
        """Begin to work."""
        self._loops = [asyncio.create_task(self._dispatch()), asyncio.create_task(self._keep())]

    def quiet(self) -> float:
        """For how many seconds no message has been at work here."""
        return 0.0 if self._running else monotonic() - self._worked_at

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
        options = self._options
        while not self._stopping:
            if self._answering.away:
                # Many may wait: asking for each of them at every chance would slow those who write now.
                await asyncio.sleep(options.poll)
            self._work.clear()
            try:
                free = options.workers - len(self._running)
                claimed = await claiming.claim(
                    self._store, free, timedelta(seconds=options.lease), share=options.share, lag=options.lag
                )
            except Exception as error:  # the database may be away for a while
                log.error("claim_failed", error=type(error).__name__)
                await asyncio.sleep(options.poll)
                continue
            for message in claimed:
                task = asyncio.create_task(self._worker.work(message))
                self._running[task] = message
                task.add_done_callback(self._ended)
            # With so many at work one visitor may have all that one may have.
            self._left = len(claimed) == free or len(self._running) >= options.share
            with suppress(TimeoutError):
                async with asyncio.timeout(options.poll):
                    await self._work.wait()

    async def _keep(self) -> None:
        lease = self._options.lease
        while True:
            await asyncio.sleep(lease / 3)
            if not self._running:
                continue
            try:
                await claiming.renew(self._store, [*self._running.values()], timedelta(seconds=lease))
            except Exception as error:  # then others may take them, and only one answer is stored
                log.error("renew_failed", error=type(error).__name__)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        self._worked_at = monotonic()
        if self._left:
            self._work.set()


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
