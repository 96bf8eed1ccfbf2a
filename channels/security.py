"""Headers that keep browsers strict, and the origins that may embed the widget."""

from __future__ import annotations

import re

from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from troly.errors import SettingError

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?", re.IGNORECASE)
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}"
)
_YEAR = 365 * 24 * 3600
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(self), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def origins(setting: str) -> list[str]:
    """The origins of EMBED_ORIGINS, separated by commas or spaces. Raises SettingError."""
    found = setting.replace(",", " ").split()
    for origin in found:
        if not _ORIGIN.fullmatch(origin):
            raise SettingError(
                f"EMBED_ORIGINS: {origin!r} is not an origin; write https://www.example.gov.vn"
            )
    return found


class SecurityHeaders:
    """Adds the headers to every answer, and the renewed token where a route left one.

    Only /embed may be framed by other sites, staff pages by nobody, and the rest by our own pages.
    """

    def __init__(self, app: ASGIApp, embed_origins: list[str], *, https: bool = False) -> None:
        """Wraps an application; `https`: browsers may be told to come by TLS only."""
        self._app = app
        self._https = https
        self._own = _POLICY.format(ancestors="'self'")
        self._staff = _POLICY.format(ancestors="'none'")
        self._embed = _POLICY.format(ancestors=" ".join(["'self'", *embed_origins]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(scope, MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _policy_of(self, path: str) -> str:
        if path == "/embed":
            return self._embed
        return self._staff if path.startswith("/console") else self._own

    def _add(self, scope: Scope, headers: MutableHeaders) -> None:
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        if self._https:
            headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR}")
        if not scope["path"].startswith(("/embed", "/widget.")):
            headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        headers.setdefault("Content-Security-Policy", self._policy_of(scope["path"]))
        if scope["path"].startswith(("/api/v1/", "/console")):
            headers.setdefault("Cache-Control", "no-store")
        if token := scope.get("state", {}).get("fresh_token"):
            headers["X-Token"] = token


class EmbedCors:
    """CORS for the public API and the widget's files, and only for EMBED_ORIGINS."""

    def __init__(self, app: ASGIApp, embed_origins: list[str]) -> None:
        """Wraps an application."""
        self._app = app
        self._cors = CORSMiddleware(
            app,
            allow_origins=embed_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Last-Event-ID"],
            expose_headers=["X-Token", "Retry-After"],
            max_age=3600,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope.get("path", "")
        shared = scope["type"] == "http" and path.startswith(("/api/v1/", "/widget."))
        await (self._cors if shared else self._app)(scope, receive, send)
