"""The webhook: waits for a call of the integrator's system and judges it, as the assistant would."""

from __future__ import annotations

import asyncio
import json
import socket
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response

from portal.check.findings import Findings
from portal.check.shapes import LIST, TEXT, Field, faults
from portal.codes import parse_application_code
from troly.errors import UsageError
from troly.signatures import SHORTEST_KEY, moment_is_near, signature_is_good

PATH = "/webhooks/portal"
_FIELDS = (
    Field("changes", LIST, required=True),
    Field("changes[].id", TEXT, required=True),
    Field("changes[].code", TEXT, required=True),
)


@dataclass
class _Call:
    moment: str
    signature: str
    body: bytes


@dataclass
class _Calls:
    """What came; the first is refused, so that the caller has to repeat it."""

    all: list[_Call] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    again: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, call: _Call) -> int:
        self.all.append(call)
        self.came.set()
        if len(self.all) == 1:
            return 503
        if any(one.body == call.body for one in self.all[:-1]):
            self.again.set()
        return 202


async def check(found: Findings, *, key: str, listen: str, wait: float) -> None:
    """Listen at `listen` (host:port) for `wait` seconds. Raises UsageError for a wrong address or key."""
    if len(key) < SHORTEST_KEY:
        raise UsageError(f"PORTAL_WEBHOOK_SECRET: at least {SHORTEST_KEY} characters")
    calls = _Calls()
    server = uvicorn.Server(
        uvicorn.Config(_app(calls), log_level="error", access_log=False, ws="none", lifespan="off")
    )
    with _socket(listen) as opened:
        serving = asyncio.create_task(server.serve(sockets=[opened]))
        try:
            await _judge(found, calls, key, wait)
        finally:
            server.should_exit = True
            await serving


async def _judge(found: Findings, calls: _Calls, key: str, wait: float) -> None:
    name = "webhook.call"
    try:
        await asyncio.wait_for(calls.came.wait(), wait)
    except TimeoutError:
        found.failed(name, f"no call within {wait:g} s", f"POST to {PATH} when an application changes")
        return
    call = calls.all[0]
    found.passed(name, f"{len(call.body)} bytes")
    if not moment_is_near(call.moment):
        found.failed(
            "webhook.signature",
            f"X-Portal-Timestamp is {call.moment[:40]!r}",
            "send seconds since 1970, of a clock that is right within 5 minutes",
        )
    else:
        good = signature_is_good(key, call.moment, call.body, call.signature)
        found.judged(
            "webhook.signature",
            [] if good else [f"X-Portal-Signature is {call.signature[:12]!r}…"],
            "good",
            "v1=HMAC-SHA256(PORTAL_WEBHOOK_SECRET, timestamp + '.' + raw body) in hexadecimal digits; "
            "the documentation has an example to compare with",
        )
    found.judged("webhook.body", _faults(call.body), "changes with id and code", "send the documented body")
    name = "webhook.repeated"
    try:
        await asyncio.wait_for(calls.again.wait(), wait)
    except TimeoutError:
        found.failed(name, f"answered 503, not repeated within {wait:g} s", "repeat what is not answered 2xx")
    else:
        found.passed(name, "came again after an answer 503")


def _faults(body: bytes) -> list[str]:
    try:
        value = json.loads(body)
    except ValueError:
        return ["the body is not JSON"]
    wrong = faults(value, _FIELDS)
    if not wrong:
        codes: list[Any] = [change.get("code") for change in value["changes"]]
        wrong = [f"{code!r} is no application code" for code in codes if not parse_application_code(code)]
    return wrong


def _app(calls: _Calls) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.post(PATH)
    async def receive(request: Request) -> Response:
        moment = request.headers.get("x-portal-timestamp", "")
        given = request.headers.get("x-portal-signature", "")
        return Response(status_code=calls.take(_Call(moment, given, await request.body())))

    return app


def _socket(listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    try:
        opened = socket.create_server((host.strip("[]") or "127.0.0.1", int(port)))
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"--listen {listen}: {error}; write it as 127.0.0.1:8099") from None
    return opened
