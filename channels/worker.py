"""One try of one message: in time, logged, and with an end whatever breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import perf_counter

import structlog

from channels import collecting
from channels.answering import Answering
from channels.base import Channel
from channels.claiming import Claimed
from channels.endings import Endings
from channels.media import MediaStore
from channels.metrics import Metrics
from channels.options import DeliveryOptions
from troly import telemetry, trace
from troly.clock import now
from troly.tables.conversations import STAFF

log = structlog.get_logger("delivery")


class Worker:
    """What every worker of the process does with a message."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        metrics: Metrics,
        media: MediaStore,
        options: DeliveryOptions,
        *,
        answering: Answering,
        endings: Endings,
    ) -> None:
        """`channels` may be filled until the first message."""
        self._channels = channels
        self._metrics = metrics
        self._media = media
        self._options = options
        self._answering = answering
        self._endings = endings

    async def work(self, message: Claimed) -> None:
        """Try to answer."""
        with trace.follow(message.id), telemetry.span("message", channel=message.channel):
            await self._try(message)

    async def _try(self, message: Claimed) -> None:
        started = perf_counter()
        bound = log.bind(
            message_id=message.id, conversation_id=message.conversation_id, attempt=message.attempts
        )
        channel = self._channels.get(message.channel)
        if channel is None:
            # Stored before the operator took the channel's settings away.
            await self._endings.release(message, "no_channel")
            return
        try:
            media = await collecting.collected(self._media, channel, message, self._options.collect)
            silent = message.handover == STAFF
            async with asyncio.timeout(self._options.attempt):
                await channel.typing(message.conversation_id, not silent and not self._answering.away)
                outcome = await self._answering.attempt(channel, message, media)
                await channel.typing(message.conversation_id, False)
        except Exception as error:  # the edge of the worker: the broad catch
            self._metrics.failures.labels(reason=type(error).__name__).inc()
            bound.error("turn_broken", error=type(error).__name__, exc_info=True)
            await self._endings.release(message, "broken")
            outcome = "broken"
        bound.info(
            "turn",
            outcome=outcome,
            ms=round((perf_counter() - started) * 1000),
            waited_ms=round((now() - message.received_at).total_seconds() * 1000),
        )
