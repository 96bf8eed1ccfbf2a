"""Failures on demand, so that everyone can see what citizens are told when the portal is down."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import suppress
from typing import Any, Literal

from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Mode = Literal["off", "slow", "error", "html", "hang", "garbage", "wrong_types", "huge"]

WAF_PAGE = (
    "<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. "
    "Please consult with your administrator.<br><br>Your support ID is: 0000000000000000000</body></html>"
)
_EXEMPT = ("/demo", "/healthz")
_FOREVER = 600.0
_HUGE = 10 * 1024 * 1024


class Failure(BaseModel):
    """What goes wrong: for paths that start with `path`, `times` times (None: until switched off).

    slow answers after `seconds`; error answers `status` (with Retry-After where `seconds` is given); html
    answers 200 and the firewall's page; hang never answers; garbage answers broken JSON; wrong_types answers
    JSON in which each value has another type; huge answers 10 MB.
    """

    mode: Mode
    seconds: float = Field(default=0, ge=0, le=_FOREVER)
    path: str = ""
    status: int = Field(default=503, ge=400, le=599)
    times: int | None = Field(default=None, ge=1)


class Controls:
    """The failure that is switched on."""

    def __init__(self) -> None:
        self._failure = Failure(mode="off")
        self.asked: Counter[str] = Counter()
        """Questions since the start, by path; those to /demo and /healthz are not counted."""

    def set(self, failure: Failure) -> None:
        """Switch a failure on, or everything off."""
        self._failure = failure

    def take(self, path: str) -> Failure | None:
        """The failure for a question to this path, counted off."""
        if not path.startswith(_EXEMPT):
            self.asked[path] += 1
        failure = self._failure
        if failure.mode == "off" or path.startswith(_EXEMPT) or not path.startswith(failure.path):
            return None
        if failure.times is not None:
            left = failure.times - 1
            self._failure = failure.model_copy(update={"times": left} if left else {"mode": "off"})
        return failure


class FailureMiddleware:
    """Lets the controls spoil answers."""

    def __init__(self, app: ASGIApp, controls: Controls) -> None:
        self._app = app
        self._controls = controls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or fail as told."""
        failure = self._controls.take(scope["path"]) if scope["type"] == "http" else None
        if failure is None:
            await self._app(scope, receive, send)
            return
        if failure.mode == "slow":
            await asyncio.sleep(failure.seconds)
            await self._app(scope, receive, send)
            return
        if failure.mode == "hang":
            await _until_disconnected(receive)
            return
        if failure.mode == "wrong_types":
            await self._app(scope, receive, _twisting(send))
            return
        await _spoilt(failure)(scope, receive, send)


def _spoilt(failure: Failure) -> Response:
    if failure.mode == "html":
        return HTMLResponse(WAF_PAGE)
    if failure.mode == "garbage":
        return Response('{"code": "OK", "data": {"items": [{"id": "019', media_type="application/json")
    if failure.mode == "huge":
        return Response(b'{"code": "OK", "data": "' + b"x" * _HUGE + b'"}', media_type="application/json")
    headers = {"Retry-After": f"{failure.seconds:g}"} if failure.seconds else {}
    return JSONResponse({"code": "ERROR", "message": "", "data": None}, failure.status, headers)


def _twisting(send: Send) -> Send:
    """Passes an answer on with other types."""
    start: Message = {}
    body = b""

    async def twisting(message: Message) -> None:
        nonlocal start, body
        if message["type"] == "http.response.start":
            start = message
            return
        body += message.get("body", b"")
        if message.get("more_body"):
            return
        with suppress(ValueError):
            body = json.dumps(twisted(json.loads(body))).encode()
        headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        await send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})

    return twisting


def twisted(value: Any) -> Any:
    """The same structure, in which texts are lists, numbers are words, and lists are objects."""
    if isinstance(value, dict):
        return {name: twisted(item) for name, item in value.items()}
    if isinstance(value, list):
        return {str(number): twisted(item) for number, item in enumerate(value)}
    if isinstance(value, str):
        return [value]
    return value if value is None else f"{value}?"


async def _until_disconnected(receive: Receive) -> None:
    try:
        async with asyncio.timeout(_FOREVER):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return
