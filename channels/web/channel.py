"""The website as a channel: the public API receives, event streams send."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from fastapi import APIRouter

from channels.base import Channel
from channels.broker import Broker

if TYPE_CHECKING:
    from channels.registry import Parts


class WebChannel(Channel):
    """Replies stay in the outbox; open event streams are told to look there."""

    name: ClassVar[str] = "web"

    def __init__(self, broker: Broker) -> None:
        """Streams listen at the broker."""
        self._broker = broker

    def router(self) -> APIRouter:
        """The public API."""
        from channels.web import api, events, uploads

        router = APIRouter(prefix="/api/v1", tags=["conversation"])
        router.include_router(api.router)
        router.include_router(events.router)
        router.include_router(uploads.router)
        return router

    async def announce(self, conversation_id: str) -> None:
        """Open streams read the outbox."""
        await self._broker.publish(conversation_id, "new")

    async def erased(self, conversation_id: str) -> None:
        """Open streams say so and end."""
        await self._broker.publish(conversation_id, "erased")

    async def typing(self, conversation_id: str, on: bool) -> None:
        """Open streams show it."""
        await self._broker.publish(conversation_id, "typing_on" if on else "typing_off")


def build(parts: Parts) -> WebChannel:
    """The website needs no settings."""
    return WebChannel(parts.broker)
