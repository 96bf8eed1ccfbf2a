"""The gateway process: one application, made from settings."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType

import httpx
import uvicorn
from fastapi import FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from channels import health
from channels.base import Channel
from channels.broker import LocalBroker
from channels.delivery import Delivery, DeliveryOptions
from channels.edge import Edge, add_error_handlers
from channels.gateway import Gateway
from channels.limits import Limits
from channels.metrics import Metrics
from channels.rasa import RasaClient
from channels.security import EmbedCors, SecurityHeaders, origins
from channels.store import Store
from channels.tokens import Tokens
from channels.web import pages, reference
from channels.web.channel import WebChannel
from console import pages as console_pages
from troly.database import async_engine, require_tables
from troly.errors import UsageError
from troly.settings import Settings

RASA_SECONDS = 25.0
"""For one turn; less than a delivery try, which also has to store the answer."""


def create_app(settings: Settings, *, options: DeliveryOptions | None = None) -> FastAPI:
    """The gateway as an ASGI application; its workers run between startup and shutdown."""
    allowed = origins(settings.embed_origins)
    broker = LocalBroker()
    channels: dict[str, Channel] = {channel.name: channel for channel in (WebChannel(broker),)}
    gateway = _build(settings, broker, channels, options or DeliveryOptions())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        gateway.delivery.start()
        yield
        broker.close()
        await gateway.delivery.stop()
        await gateway.http.aclose()
        await gateway.engine.dispose()

    app = FastAPI(
        title="Trợ Lý",
        description="The public API of the assistant for administrative procedures.",
        version="1",
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.gateway = gateway
    app.include_router(health.router)
    app.include_router(reference.router)
    for channel in channels.values():
        app.include_router(channel.router())
    app.include_router(console_pages.router)
    app.include_router(pages.router)
    add_error_handlers(app)
    # The last one added is the outermost.
    app.add_middleware(Edge, limits=gateway.limits)
    app.add_middleware(EmbedCors, embed_origins=allowed)
    app.add_middleware(SecurityHeaders, embed_origins=allowed)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=settings.trusted_proxies)
    return app


def _build(
    settings: Settings, broker: LocalBroker, channels: dict[str, Channel], options: DeliveryOptions
) -> Gateway:
    # An error of the database would otherwise carry citizens' words into the log.
    database = async_engine(settings.database, hide_parameters=True)
    store = Store(database)
    # Sanic closes a silent connection after 5 s: stop using it before, lest a message meets the closing.
    limits = httpx.Limits(max_connections=100, keepalive_expiry=2.0)
    # All of these are our own processes or the portal; a proxy of the environment is for neither.
    http = httpx.AsyncClient(trust_env=False, limits=limits)
    rasa = RasaClient(http, settings.rasa, seconds=RASA_SECONDS)
    metrics = Metrics()
    return Gateway(
        settings=settings,
        engine=database,
        store=store,
        broker=broker,
        http=http,
        rasa=rasa,
        delivery=Delivery(store, rasa, channels, metrics, options),
        limits=Limits(settings),
        tokens=Tokens(settings.signing_key, settings.token_minutes),
        metrics=metrics,
    )


class _Server(uvicorn.Server):
    """A server that ends event streams when it is told to stop; it waits for them otherwise."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway) -> None:
        super().__init__(config)
        self._gateway = gateway

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called by the signal."""
        super().handle_exit(sig, frame)
        self._gateway.broker.close()


def run(settings: Settings, *, options: DeliveryOptions | None = None) -> None:
    """Serve until stopped by SIGINT or SIGTERM. Raises UsageError when it cannot start."""
    require_tables(settings.database)
    listener = _listen(settings.host, settings.gateway_port)
    app = create_app(settings, options=options)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        # create_app() reads TRUSTED_PROXIES itself.
        proxy_headers=False,
        lifespan="on",
        # uvicorn's own needs a newer websockets than Rasa allows, and nothing here speaks it.
        ws="none",
        timeout_graceful_shutdown=15,
        timeout_keep_alive=30,
    )
    _Server(config, app.state.gateway).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise UsageError(
            f"GATEWAY_PORT: cannot listen on {host}:{port} ({error.strerror}); set another"
        ) from None
    return listener
