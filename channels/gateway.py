"""The parts of one gateway process, made once and handed to the routes."""

from __future__ import annotations

from dataclasses import dataclass

import httpx
from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncEngine

from channels.broker import Broker
from channels.delivery import Delivery
from channels.limits import Limits
from channels.metrics import Metrics
from channels.rasa import RasaClient
from channels.store import Store
from channels.tokens import Tokens
from troly.settings import Settings


@dataclass(frozen=True, slots=True)
class Gateway:
    """What a route may need."""

    settings: Settings
    engine: AsyncEngine
    store: Store
    broker: Broker
    http: httpx.AsyncClient
    rasa: RasaClient
    delivery: Delivery
    limits: Limits
    tokens: Tokens
    metrics: Metrics


def gateway_of(request: Request) -> Gateway:
    """The gateway that serves this request (a FastAPI dependency)."""
    gateway: Gateway = request.app.state.gateway
    return gateway
