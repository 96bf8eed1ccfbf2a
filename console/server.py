"""The console as an ASGI application: mounted by the gateway at /console, or alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from channels.base import Channel
from channels.broker import Broker
from channels.desk import Desk
from channels.edge import Edge
from channels.limits import LocalLimits
from channels.security import SecurityHeaders
from channels.store import Store
from channels.web.channel import WebChannel
from channels.wording import Wording
from console.access.provider import mapping_of
from console.errors import ConsoleError, SignInNeeded
from console.pages import (
    access,
    answers,
    answers_new,
    answers_steps,
    answers_thing,
    audit,
    broadcasts,
    controls,
    conversations,
    figures,
    handover,
    handover_canned,
    handover_files,
    handover_messages,
    home,
    names,
    review,
    review_procedures,
    staff,
    thread,
    training,
    undelivered,
)
from console.parts import Console
from console.rendering import PREFIX, STATIC, link, render
from console.routing import visit_from
from console.texts import knows, say
from console.visits import Visit
from troly.database import async_engine
from troly.privacy import Keyring
from troly.settings import Settings

log = structlog.get_logger("console")

AREAS = (
    access,
    home,
    conversations,
    thread,
    review,
    review_procedures,
    handover_messages,  # before handover, whose paths would take theirs
    handover_canned,
    handover_files,
    handover,
    figures,
    names,
    answers,
    answers_new,  # before the things, whose paths would take theirs
    answers_steps,
    answers_thing,
    training,
    controls,
    broadcasts,
    undelivered,
    staff,
    audit,
)
"""Modules whose `routes` make up the console."""

POLICY = (
    # blob: what a script of ours has just fetched, such as a citizen's photo, to be shown in the page.
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src blob:; "
    "connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def build(
    settings: Settings, store: Store, keyring: Keyring, http: httpx.AsyncClient, desk: Desk | None = None
) -> FastAPI:
    """The console's application, to be mounted at /console. Raises SettingError.

    `desk` is the gateway's; without one, gateways find what staff say when they next look.
    """
    mapping_of(settings)
    desk = desk or Desk(store, keyring, {}, settings, wake=_nobody, wake_sender=_nobody)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.console = Console(settings, store, keyring, http, desk)
    for area in AREAS:
        app.include_router(area.routes.router)
    app.add_api_route("/static/{name}", _static, methods=["GET"])
    app.add_exception_handler(ConsoleError, _stopped)
    app.add_exception_handler(RequestValidationError, _not_there)
    app.add_exception_handler(HTTPException, _not_there)
    for kind in (OperationalError, InterfaceError):
        app.add_exception_handler(kind, _database_away)
    app.add_middleware(Headers)
    return app


def _broker(settings: Settings) -> Broker | None:
    """Tells gateways' open pages at once; without Redis they look for themselves within 15 seconds."""
    if not settings.redis_url:
        return None
    from channels.redis_broker import RedisBroker

    return RedisBroker(settings.redis_url)


def _nobody() -> None:
    """The console alone has no workers to wake."""


def create_app(settings: Settings) -> FastAPI:
    """The console alone, with connections of its own."""
    engine = async_engine(settings.database, hide_parameters=True)
    http = httpx.AsyncClient(trust_env=False)
    store, keyring = Store(engine), Keyring.from_settings(settings)
    broker = _broker(settings)
    web: dict[str, Channel] = {"web": WebChannel(broker)} if broker else {}
    desk = Desk(store, keyring, web, settings, wake=_nobody, wake_sender=_nobody)
    wording = Wording(engine)  # what citizens are told when an official comes and goes

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if broker:
            await broker.start()
        await wording.start()
        yield
        await wording.stop()
        if broker:
            await broker.stop()
        await http.aclose()
        await engine.dispose()

    app = FastAPI(lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    mount(app, build(settings, store, keyring, http, desk))
    app.add_middleware(Edge, limits=LocalLimits(settings))
    app.add_middleware(SecurityHeaders, embed_origins=[], https=settings.public_url.startswith("https://"))
    return app


def mount(app: FastAPI, console: FastAPI) -> None:
    """Put the console under /console."""

    async def without_slash() -> RedirectResponse:
        return RedirectResponse(f"{PREFIX}/")

    app.add_api_route(PREFIX, without_slash, methods=["GET"], include_in_schema=False)
    app.mount(PREFIX, console)


class Headers:
    """What browsers must know of every answer of the console."""

    def __init__(self, app: ASGIApp) -> None:
        """Wraps the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"content-security-policy", POLICY.encode()),
                    (b"x-frame-options", b"DENY"),
                    (b"referrer-policy", b"same-origin"),
                    (b"x-robots-tag", b"noindex"),
                ]
            await send(message)

        await self._app(scope, receive, send_with_headers)


async def _static(name: str) -> Response:
    path = STATIC / name
    if path.parent != STATIC or not path.is_file():
        raise HTTPException(404)
    return FileResponse(path, headers={"Cache-Control": "public, max-age=31536000, immutable"})


async def _stopped(request: Request, error: Exception) -> Response:
    assert isinstance(error, ConsoleError)  # noqa: S101 - registered for this type only
    if isinstance(error, SignInNeeded):
        query = f"?{request.url.query}" if request.url.query else ""
        asked = request.url.path.removeprefix(PREFIX) + query
        return RedirectResponse(link("/sign-in", next=asked if request.method == "GET" else ""), 303)
    return await _page(request, error.status, error.code, error.values)


async def _not_there(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return await _page(request, status, "missing" if status in (404, 405) else "invalid", {})


async def _database_away(request: Request, error: Exception) -> Response:
    log.error("database_away", path=request.url.path, error=type(error).__name__)
    request.state.visit = Visit("vi")
    return await _page(request, 503, "unavailable", {})


async def _page(request: Request, status: int, code: str, values: dict[str, Any]) -> Response:
    if not hasattr(request.state, "visit"):
        request.state.visit = await visit_from(request)
    key = code if "." in code else f"errors.{code}"
    text = say(request.state.visit.language, key if knows(key) else "errors.invalid", **values)
    response: Response = render(request, "error.html", status=status, text=text, code=status)
    if "seconds" in values:
        response.headers["Retry-After"] = str(values["seconds"])
    return response
