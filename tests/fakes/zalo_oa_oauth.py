"""Zalo's token service: codes and refresh tokens that work once, access tokens that end."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from collections import deque
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from tests.fakes.base import cut

Lapse = Literal["lost_request", "lost_answer", "500", "html", "refused"]
"""lost_request: the connection breaks before the refresh happens; lost_answer: after it."""

LIFE = 90_000
"""Seconds of an access token: 25 hours."""


@dataclass
class Code:
    """An authorization code that was given out."""

    challenge: str
    ends: float


class TokenService:
    """The tokens of one app and account."""

    def __init__(self, app_id: str, app_secret: str, oa_id: str, refresh_token: str) -> None:
        """`refresh_token` is the one that the operator has."""
        self.app_id = app_id
        self.app_secret = app_secret
        self.oa_id = oa_id
        self.refresh = refresh_token
        self.spent: list[str] = []
        """Refresh tokens that were used, in order."""
        self.access = ""
        self.ends = 0.0
        self.asked: list[str] = []
        """Refresh tokens with which a refresh was asked for, also those refused."""
        self.callback = ""
        """The callback address on the app's page; empty: any."""
        self.hang = 0.2
        self.skew = 0.0
        """Seconds by which the platform's clock was put forward."""
        self.lapses: deque[Lapse] = deque()
        self._codes: dict[str, Code] = {}

    def now(self) -> float:
        """The platform's clock, which tests put forward."""
        import time

        return time.time() + self.skew

    def problem(self, access_token: str | None) -> int:
        """0, or the error code for a call with this access token."""
        if not access_token or not self.access or access_token != self.access:
            return -216
        return -220 if self.now() >= self.ends else 0

    async def permission(self, request: Request) -> Response:
        """The page on which an administrator consents; here nobody has to click."""
        asked = request.query_params
        if asked.get("app_id") != self.app_id:
            return _error(-14002, "Invalid appId")
        redirect = asked.get("redirect_uri", "")
        if not redirect or (self.callback and redirect != self.callback):
            return _error(-14003, "Invalid redirect uri")
        code = secrets.token_urlsafe(24)
        self._codes[code] = Code(asked.get("code_challenge", ""), self.now() + 600)
        back = {"code": code, "oa_id": self.oa_id} | ({"state": asked["state"]} if "state" in asked else {})
        return RedirectResponse(f"{redirect}?{urlencode(back)}", 302)

    async def token(self, request: Request) -> Response:
        """A pair for a code or a refresh token."""
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return _error(-14001, "Invalid content type")
        form = dict(parse_qsl((await request.body()).decode()))
        if request.headers.get("secret_key") != self.app_secret:
            return _error(-14004, "Invalid secret key")
        if form.get("app_id") != self.app_id:
            return _error(-14002, "Invalid appId")
        if form.get("grant_type") == "authorization_code":
            return self._exchange(form)
        if form.get("grant_type") != "refresh_token":
            return _error(-14005, "Invalid grant type")
        return await self._refresh(request, form.get("refresh_token", ""))

    async def _refresh(self, request: Request, token: str) -> Response:
        self.asked.append(token)
        lapse = self.lapses.popleft() if self.lapses else None
        match lapse:
            case "500":
                return PlainTextResponse("Internal Server Error", 500)
            case "html":
                return Response("<html>Bảo trì</html>", media_type="text/html")
            case "refused":
                return _error(-14014, "Invalid refresh token")
            case "lost_request":
                await asyncio.sleep(self.hang)
                cut(request._receive)
                return PlainTextResponse("", 500)
        if token != self.refresh:
            return _error(-14014, "Invalid refresh token")
        answer = self.grant()
        if lapse == "lost_answer":
            await asyncio.sleep(self.hang)
            cut(request._receive)
        return answer

    def _exchange(self, form: dict[str, str]) -> Response:
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or self.now() > code.ends:
            return _error(-14010, "Invalid authorization code")
        verifier = form.get("code_verifier", "")
        digest = hashlib.sha256(verifier.encode()).digest()
        if len(verifier) != 43 or base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != code.challenge:
            return _error(-14011, "Invalid code verifier")
        return self.grant()

    def grant(self) -> Response:
        """A new pair; the old one is dead from now on."""
        self.spent.append(self.refresh)
        self.access, self.refresh = f"access-{secrets.token_hex(12)}", f"refresh-{secrets.token_hex(12)}"
        self.ends = self.now() + LIFE
        return JSONResponse(
            {"access_token": self.access, "refresh_token": self.refresh, "expires_in": str(LIFE)}
        )


def _error(code: int, name: str) -> Response:
    return JSONResponse({"error": code, "error_name": name, "error_reason": "", "ref_doc": ""})
