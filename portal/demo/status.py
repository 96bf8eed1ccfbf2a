"""The demo portal's two status services, VNPT iGate 2 and the LGSP gateway, with all that is optional."""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.requests import ClientDisconnect

from portal.adapters.igate_more import BATCH_PATH, CHANGES_PATH, VERIFY_PATH
from portal.demo import wire
from portal.demo.applications import Applications, DemoApplication
from portal.owner import BATCH

_LIFETIME = 300
"""Seconds that a token or a session lasts."""


class _Passes:
    """Tokens that were given out, with their end."""

    def __init__(self) -> None:
        self._ends: dict[str, float] = {}

    def give(self) -> str:
        now = time.monotonic()
        self._ends = {token: end for token, end in self._ends.items() if end > now}
        token = secrets.token_urlsafe(24)
        self._ends[token] = now + _LIFETIME
        return token

    def good(self, token: str) -> bool:
        return self._ends.get(token, 0.0) > time.monotonic()


def status_routes(applications: Applications, credentials: tuple[str, str]) -> APIRouter:
    """Both services under one roof; credentials are the client id and secret of both."""
    routes = APIRouter()
    routes.include_router(_igate(applications, credentials))
    routes.include_router(_lgsp(applications, credentials))
    return routes


def _igate(applications: Applications, credentials: tuple[str, str]) -> APIRouter:
    """Token, search, verification, batch and feed."""
    routes = APIRouter()
    tokens = _Passes()

    def refused(request: Request) -> Response | None:
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not tokens.good(given):
            return JSONResponse({"error": "invalid_token"}, 401)
        return None

    @routes.post("/auth/realms/digo/protocol/openid-connect/token")
    async def token(request: Request) -> Response:
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        if form.get("grant_type") != ["client_credentials"]:
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        if _basic(request) != credentials:
            return JSONResponse({"error": "invalid_client"}, 401)
        return JSONResponse({"access_token": tokens.give(), "expires_in": _LIFETIME, "token_type": "Bearer"})

    @routes.get("/pa/dossier-search/dvc")
    async def search(request: Request, code: str = "") -> Response:
        if refusal := refused(request):
            return refusal
        found = applications.find(code)
        return JSONResponse({"content": [wire.igate(found)], "totalPages": 1} if found else {"content": []})

    @routes.post(BATCH_PATH)
    async def batch(request: Request) -> Response:
        if refusal := refused(request):
            return refusal
        found = _several(applications, (await _object(request)).get("codes"), wire.igate)
        return JSONResponse({"content": found})

    @routes.post(VERIFY_PATH)
    async def verify(request: Request) -> Response:
        if refusal := refused(request):
            return refusal
        body = await _object(request)
        found = applications.find(str(body.get("code") or ""))
        identity, phone = str(body.get("identity") or ""), str(body.get("phoneNumberApply") or "")
        right = found is not None and found.belongs_to(identity=identity, phone=phone)
        return JSONResponse({"content": [wire.igate_owner(found)] if found and right else []})

    @routes.get(CHANGES_PATH)
    async def changes(request: Request, since: str = "", size: int = 100) -> Response:
        return refused(request) or _feed(applications, request, since, size)

    return routes


def _lgsp(applications: Applications, credentials: tuple[str, str]) -> APIRouter:
    """Login, TraCuuHoSo (also of several), TraCuuHccPortal, and the feed."""
    routes = APIRouter()
    sessions = _Passes()

    @routes.post("/lgsp/login")
    async def login(request: Request) -> Response:
        body = await _object(request)
        if (body.get("username"), body.get("password")) != credentials:
            return JSONResponse({"session": "", "error_code": -1, "message": "login refused"})
        return JSONResponse({"session": sessions.give(), "error_code": 0, "message": ""})

    @routes.post("/lgsp/service")
    async def service(request: Request) -> Response:
        body = await _object(request)
        if not sessions.good(str(body.get("session") or "")):
            return JSONResponse({"error_code": -1, "message": "no session"})
        if body.get("service") == "TraCuuHoSo":
            codes = body.get("danhsachmahoso") or [body.get("mahoso")]
            result = _several(applications, codes, wire.lgsp)
        elif body.get("service") == "TraCuuHccPortal":
            found = applications.find(str(body.get("MaHoSo") or ""))
            given = str(body.get("Params") or "")
            right = found is not None and found.belongs_to(identity=given, phone=given)
            result = [wire.lgsp_owner(found)] if found and right else []
        else:
            return JSONResponse({"error_code": -2, "message": "no such service"})
        return JSONResponse({"error_code": 0, "message": "", "result": result})

    @routes.get("/lgsp/changes")
    async def changes(request: Request, since: str = "", size: int = 100) -> Response:
        if not sessions.good(request.headers.get("session", "")):
            return JSONResponse({"error_code": -1, "message": "no session"}, 401)
        return _feed(applications, request, since, size)

    return routes


def _several(
    applications: Applications, codes: Any, show: Callable[[DemoApplication], dict[str, Any]]
) -> list[dict[str, Any]]:
    named = codes[:BATCH] if isinstance(codes, list) else []
    return [show(found) for code in named if (found := applications.find(str(code or "")))]


def _feed(applications: Applications, request: Request, since: str, size: int) -> Response:
    page = applications.changes(since, max(1, min(size, 1000)))
    tag = f'"{page["next"]}"'
    headers = {"ETag": tag}
    if not page["changes"] and request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return JSONResponse(page, headers=headers)


def _basic(request: Request) -> tuple[str, str] | None:
    kind, _, packed = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(packed, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, password


async def _object(request: Request) -> dict[str, Any]:
    try:
        value = await request.json()
    except (ValueError, ClientDisconnect):
        return {}
    return value if isinstance(value, dict) else {}
