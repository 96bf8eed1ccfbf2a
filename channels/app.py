"""The gateway process: one application, made from settings."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from types import FrameType

import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from channels import checklists, health, identifiers, portal_webhook, registry
from channels.awaited import Awaited
from channels.base import Channel
from channels.broadcasting.running import Broadcasts
from channels.broker import Broker, LocalBroker
from channels.controls import Controls
from channels.delivery import Delivery
from channels.desk import Desk
from channels.edge import Edge, add_error_handlers
from channels.gateway import Gateway
from channels.limits import Limits, LocalLimits
from channels.media import MediaStore
from channels.metrics import Metrics
from channels.options import DeliveryOptions, SenderOptions
from channels.rasa import RasaClient
from channels.reception import Reception
from channels.registry import Parts
from channels.security import EmbedCors, SecurityHeaders, origins
from channels.sender import Sender
from channels.store import Store
from channels.tokens import Tokens
from channels.upkeep import Upkeep
from channels.web import pages, reference
from channels.wording import Wording
from console import server as console
from console.review import filling
from troly import collector
from troly.database import async_engine, require_tables
from troly.errors import UsageError
from troly.privacy import Keyring
from troly.settings import Settings

RASA_SECONDS = 25.0
"""For one turn; less than a delivery try, which also has to store the answer."""


def create_app(
    settings: Settings,
    *,
    options: DeliveryOptions | None = None,
    sender_options: SenderOptions | None = None,
) -> FastAPI:
    """The gateway as an ASGI application; its workers run between startup and shutdown."""
    allowed = origins(settings.embed_origins)
    gateway = _build(settings, options or DeliveryOptions(), sender_options or SenderOptions())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await _start(gateway)
        yield
        await _stop(gateway)

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
    app.include_router(checklists.router)
    portal_webhook.key_of(settings)  # a bad one keeps the gateway from starting
    app.include_router(portal_webhook.router)
    for channel in gateway.channels.values():
        app.include_router(channel.router())
    console.mount(app, console.build(settings, gateway.archive, gateway.keyring, gateway.http, gateway.desk))
    app.include_router(pages.router)
    add_error_handlers(app)
    # The last one added is the outermost.
    app.add_middleware(Edge, limits=gateway.limits)
    app.add_middleware(EmbedCors, embed_origins=allowed)
    https = settings.public_url.startswith("https://")
    app.add_middleware(SecurityHeaders, embed_origins=allowed, https=https)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=settings.trusted_proxies)
    return app


def _build(settings: Settings, options: DeliveryOptions, sender_options: SenderOptions) -> Gateway:
    # An error of the database would otherwise carry citizens' words into the log.
    database = async_engine(settings.database, prompt=True, hide_parameters=True)
    store = Store(database)
    archive = Store(async_engine(settings.database, hide_parameters=True)) if store.is_sqlite else store
    # Our own processes, and platforms that the settings name; a proxy of the environment is for neither.
    http = httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=100, keepalive_expiry=2.0))
    rasa = RasaClient(*settings.rasas, seconds=RASA_SECONDS)
    metrics = Metrics()
    keyring = Keyring.from_settings(settings)
    broker, limits = _shared(settings)
    media = MediaStore(store, http, settings)
    channels: dict[str, Channel] = {}
    sender = Sender(store, keyring, channels, metrics, sender_options)
    controls = Controls(store)
    delivery = Delivery(
        store,
        rasa,
        channels,
        metrics,
        media,
        options,
        keyring=keyring,
        default_language=settings.default_language,
        wake_sender=sender.wake,
        switched=controls,
        awaited=(awaited := Awaited()),
    )
    desk = Desk(store, keyring, channels, settings, wake=delivery.wake, wake_sender=sender.wake)
    reception = Reception(
        store,
        keyring,
        limits,
        metrics,
        media,
        default_language=settings.default_language,
        wake=delivery.wake,
        wake_sender=sender.wake,
    )
    parts = Parts(settings, store, http, reception, sender, broker, media, keyring)
    channels.update(registry.build(parts))
    return Gateway(
        settings=settings,
        engine=database,
        store=store,
        archive=archive,
        broker=broker,
        http=http,
        rasa=rasa,
        delivery=delivery,
        awaited=awaited,
        limits=limits,
        tokens=Tokens(settings.signing_key, settings.token_minutes),
        metrics=metrics,
        keyring=keyring,
        media=media,
        sender=sender,
        reception=reception,
        desk=desk,
        upkeep=Upkeep(
            archive,
            media,
            desk,
            settings,
            minutely=[partial(identifiers.mask_due, archive, settings)],
            patient=[partial(filling.fill, archive, settings, steps=25)],
            quiet=delivery.quiet,
        ),
        controls=controls,
        wording=Wording(database),
        broadcasts=Broadcasts(store, desk, settings),
        channels=channels,
    )


def _shared(settings: Settings) -> tuple[Broker, Limits]:
    """What several gateways have in common: in Redis where there is one, else in this process."""
    if not settings.redis_url:
        return LocalBroker(), LocalLimits(settings)
    from channels.redis_broker import RedisBroker
    from channels.redis_limits import RedisLimits

    return RedisBroker(settings.redis_url), RedisLimits(settings)


async def _start(gateway: Gateway) -> None:
    with suppress(SQLAlchemyError, OSError):  # the database may be away, or without tables yet
        await gateway.media.sweep()
    await gateway.wording.start()
    await gateway.broker.start()
    gateway.rasa.workers.start()
    gateway.delivery.start()
    gateway.sender.start()
    gateway.upkeep.start()
    gateway.broadcasts.start()
    for channel in gateway.channels.values():
        await channel.start()


async def _stop(gateway: Gateway) -> None:
    """Take in nothing more, answer what is being answered, send what is due, then let go."""
    gateway.broker.close()
    await gateway.upkeep.stop()
    await gateway.broadcasts.stop()
    await gateway.delivery.stop()
    await gateway.sender.stop()
    for channel in gateway.channels.values():
        await channel.stop()
    await gateway.broker.stop()
    await gateway.limits.stop()
    await gateway.rasa.workers.stop()
    await gateway.rasa.close()
    await gateway.wording.stop()
    await gateway.http.aclose()
    await gateway.engine.dispose()
    await gateway.archive.close()


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
    collector.resume()
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
