"""The parts of one gateway process, made once and handed to the routes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncEngine

from channels.awaited import Awaited
from channels.base import Channel
from channels.broadcasting.running import Broadcasts
from channels.broker import Broker
from channels.controls import Controls
from channels.delivery import Delivery
from channels.desk import Desk
from channels.limits import Limits
from channels.media import MediaStore
from channels.metrics import Metrics
from channels.rasa import RasaClient
from channels.reception import Reception
from channels.sender import Sender
from channels.store import Store
from channels.tokens import Tokens
from channels.upkeep import Upkeep
from channels.wording import Wording
from troly.privacy import Keyring
from troly.settings import Settings


@dataclass(frozen=True, slots=True)
class Gateway:
    """What a route may need."""

    settings: Settings
    engine: AsyncEngine
    store: Store
    archive: Store
    """For statements that may take long, such as the console's searches: they must not hold up citizens."""
    broker: Broker
    http: httpx.AsyncClient
    rasa: RasaClient
    delivery: Delivery
    awaited: Awaited
    limits: Limits
    tokens: Tokens
    metrics: Metrics
    keyring: Keyring
    media: MediaStore
    sender: Sender
    reception: Reception
    desk: Desk
    upkeep: Upkeep
    controls: Controls
    wording: Wording
    broadcasts: Broadcasts
    channels: Mapping[str, Channel]


async def gateway_of(request: Request) -> Gateway:
    """The gateway that serves this request (a FastAPI dependency; one that is not async goes to a thread)."""
    gateway: Gateway = request.app.state.gateway
    return gateway
