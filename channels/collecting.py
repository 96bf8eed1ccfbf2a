"""What came with a message besides words, fetched from its platform before the message is answered."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from channels import sharing
from channels.base import Channel, PushChannel
from channels.claiming import Claimed
from channels.media import MediaStore

log = structlog.get_logger("delivery")


async def collected(
    store: MediaStore, channel: Channel, message: Claimed, seconds: float
) -> dict[str, Any] | None:
    """What is known of the message's media, with its content fetched and kept where that can be."""
    media = message.media
    if media is None or media.keys() & {"stored", "application_code", "refused"}:
        return media
    if not isinstance(channel, PushChannel):
        return media
    try:
        async with asyncio.timeout(seconds):
            content = await channel.collect(media)
            if content is None:
                return media
            return await sharing.keep(
                store,
                content,
                media,
                message.conversation_id,
                for_staff=message.handover is not None,
            )
    except Exception as error:  # a picture that cannot be had must not cost the answer
        log.warning("media_lost", message_id=message.id, error=type(error).__name__)
        return media | {"lost": type(error).__name__}
