"""The outer edge: what is refused before a route sees it, and how every error leaves."""

from __future__ import annotations

import secrets
from ipaddress import ip_address

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from channels import texts
from channels.errors import ApiError
from channels.limits import Limits

log = structlog.get_logger("edge")

BODY_LIMIT = 64 * 1024
WEBHOOK_LIMIT = 1024 * 1024
"""A platform's event may quote a long message with all that belongs to it."""

UPLOAD_LIMIT = 6 * 1024 * 1024
"""A photo of 5 MB and what surrounds it."""

_STATUS_CODES = {404: "not_found", 405: "method_not_allowed"}


def error_response(error: ApiError) -> JSONResponse:
    """The JSON in which every refusal leaves: {"error": {"code", "message_vi", "message_en"}}."""
    content = {
        "code": error.code,
        "message_vi": texts.say(error.code, "vi", **error.values),
        "message_en": texts.say(error.code, "en", **error.values),
    }
    if error_id := error.values.get("error_id"):
        content["id"] = str(error_id)
    headers = {} if error.retry_after is None else {"Retry-After": str(int(error.retry_after))}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse({"error": content}, error.status, headers)


def add_error_handlers(app: FastAPI) -> None:
    """Give every error that a route may raise our form."""
    app.add_exception_handler(ApiError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    for kind in (DBAPIError, PoolTimeout, ConnectionError):
        app.add_exception_handler(kind, _database_away)


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)  # noqa: S101 - registered for this type only
    return error_response(error)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
    return error_response(ApiError(422, "invalid", field=place[:80]))


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    if error.status_code == 400:
        # FastAPI's word for a body that is no JSON at all: wrong encoding, nested too deeply.
        return error_response(ApiError(422, "invalid", field="body"))
    if error.status_code == 413:
        return error_response(_too_large(_body_limit(request.url.path)))
    response = error_response(
        ApiError(error.status_code, _STATUS_CODES.get(error.status_code, "bad_request"))
    )
    response.headers.update(error.headers or {})
    return response


_OUR_FAULT = (IntegrityError, ProgrammingError, DataError)
"""The database answers, and what it was asked was wrong."""


async def _database_away(request: Request, error: Exception) -> JSONResponse:
    """Away, without room, or read-only: asyncpg has one class for each of many such states."""
    if isinstance(error, _OUR_FAULT):
        raise error
    log.error("database_away", path=request.url.path, error=type(error).__name__)
    return error_response(ApiError(503, "unavailable", retry_after=5))


class Edge:
    """Counts requests by address, refuses large bodies, and is the one broad catch of the gateway."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        """Wraps an application."""
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_noting(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            limit = _body_limit(scope["path"])
            await self._admit(scope, limit)
            await self._app(scope, _limited(receive, limit), send_noting)
        except ApiError as error:
            await error_response(error)(scope, receive, send)
        except Exception:
            error_id = secrets.token_hex(4)
            log.exception("request_broken", error_id=error_id, method=scope["method"], path=scope["path"])
            if started:
                raise
            await error_response(ApiError(500, "internal", error_id=error_id))(scope, receive, send)

    async def _admit(self, scope: Scope, limit: int) -> None:
        path, address = scope["path"], address_of(scope)
        if path in _INSIDE and not _is_near(address):
            raise ApiError(404, "not_found")
        if path.startswith("/api/v1/") and scope["method"] != "OPTIONS":
            await self._limits.request(address)
        if door := door_of(path):
            self._limits.door(door, address)
        for name, value in scope["headers"]:
            if name == b"content-length" and (not value.isdigit() or int(value[:12]) > limit):
                raise _too_large(limit)


def address_of(scope: Scope) -> str:
    """The visitor's address, as the trusted proxies report it."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def door_of(path: str) -> str | None:
    """Which of channels.limits.DOORS a path is behind; None for the public API and for /healthz.

    /healthz does nothing, and a supervisor that is refused there would end the process.
    """
    if path in ("/api/v1/media", "/api/v1/media/"):
        return "photos"
    if path == "/healthz" or path.startswith("/api/v1/"):
        return None
    if path in _INSIDE or path.startswith(("/api/", "/checklists/")):
        return "slow"
    if path.startswith("/webhooks/"):
        return "webhooks"
    return "console" if path == "/console" or path.startswith("/console/") else "pages"


_INSIDE = frozenset({"/metrics", "/readyz"})
"""For the operator's own machines."""


def _is_near(address: str) -> bool:
    """Whether a request comes from this machine or a private network.

    Of a proxy's word, TRUSTED_PROXIES decides what counts. Empty: a socket of this machine.
    """
    try:
        return not address or not ip_address(address).is_global
    except ValueError:
        return False


def _body_limit(path: str) -> int:
    if path == "/api/v1/media":
        return UPLOAD_LIMIT
    return WEBHOOK_LIMIT if path.startswith("/webhooks/") else BODY_LIMIT


def _too_large(limit: int) -> ApiError:
    return ApiError(413, "body_too_large", limit=limit // 1024)


def _limited(receive: Receive, limit: int) -> Receive:
    """Stop reading a body without a length once it is too large."""
    taken = 0

    async def receive_counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise HTTPException(413)  # the only kind that FastAPI passes on from where it reads a body
        return message

    return receive_counted
