"""The demo portal's two status services: VNPT iGate 2 and the LGSP gateway."""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.requests import ClientDisconnect

from portal.demo.applications import Applications

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
    """Token and search of iGate; login and TraCuuHoSo of the LGSP."""
    routes = APIRouter()
    tokens, sessions = _Passes(), _Passes()

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
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not tokens.good(given):
            return JSONResponse({"error": "invalid_token"}, 401)
        found = applications.find(code)
        return JSONResponse({"content": [found.igate()], "totalPages": 1} if found else {"content": []})

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
        if body.get("service") != "TraCuuHoSo":
            return JSONResponse({"error_code": -2, "message": "no such service"})
        found = applications.find(str(body.get("mahoso") or ""))
        return JSONResponse({"error_code": 0, "message": "", "result": [found.lgsp()] if found else []})

    return routes


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
