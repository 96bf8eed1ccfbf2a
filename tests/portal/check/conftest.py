"""The demo portal over real HTTP, with answers that a test may spoil, and checks of it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

import pytest
import uvicorn

from portal.check.findings import Finding, Findings
from portal.check.run import Adapter, Wanted, check
from portal.demo.app import create_app
from portal.demo.applications import Applications
from portal.demo.catalogue import DemoCatalogue
from troly.settings import Settings

Spoil = Callable[[str, int, Any], Any]
"""(path and query, status, JSON value) -> what is answered instead: a value, bytes, or (status, value)."""


class Spoiled:
    """An ASGI application whose answers pass through `spoil`."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.spoil: Spoil = lambda _path, _status, value: value
        self.stripped = ""
        """A header that never arrives at the application."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent: list[MutableMapping[str, Any]] = []
        headers = [pair for pair in scope["headers"] if pair[0].decode() != self.stripped]

        async def keep(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        await self._app({**scope, "headers": headers}, receive, keep)
        start, body = sent[0], b"".join(message.get("body", b"") for message in sent[1:])
        path = scope["path"] + ("?" + scope["query_string"].decode() if scope["query_string"] else "")
        try:
            value = json.loads(body)
        except ValueError:
            value = None
        if value is not None or not body:
            changed = self.spoil(path, start["status"], value)
            if isinstance(changed, tuple):
                start["status"], changed = changed
            if changed is not value or value is not None:
                body = changed if isinstance(changed, bytes) else json.dumps(changed).encode()
        kept = [pair for pair in start["headers"] if pair[0] != b"content-length"]
        length = [] if start["status"] == 304 else [(b"content-length", str(len(body)).encode())]
        await send({**start, "headers": kept + length})
        await send({"type": "http.response.body", "body": b"" if start["status"] == 304 else body})


class System:
    """A province's system on a free port."""

    def __init__(self, app: Spoiled, port: int) -> None:
        self.app = app
        self.url = f"http://127.0.0.1:{port}"

    def spoiled(self, spoil: Spoil) -> System:
        """Its answers from now on."""
        self.app.spoil = spoil
        return self

    async def check(self, *adapters: Adapter, settings: dict[str, Any] | None = None, **wanted: Any) -> Found:
        """What the check finds."""
        found = Findings()
        chosen = Settings(_env_file=None, portal_timeout=3, **(settings or {}))  # type: ignore[call-arg]
        await check(found, self.url, adapters, chosen, Wanted(**wanted))
        return Found(found.all)


class Found:
    """Findings, by their names."""

    def __init__(self, found: list[Finding]) -> None:
        self.all = found

    def failed(self) -> dict[str, str]:
        """What failed: name -> what was said."""
        assert all(finding.fix for finding in self.all if finding.verdict == "FAIL")
        return {finding.name: finding.said for finding in self.all if finding.verdict == "FAIL"}

    def verdict(self, name: str) -> str:
        """The verdict of one."""
        return next(finding.verdict for finding in self.all if finding.name == name)


@pytest.fixture
def system(
    record: Callable[..., dict[str, Any]], application: Callable[..., Any], free_port: int
) -> Iterator[System]:
    """A system with 450 procedures (three pages) and one application."""
    data = DemoCatalogue([record(number) for number in range(1, 451)])
    app = Spoiled(create_app(data, Applications([application()], data.names())))
    config = uvicorn.Config(
        app, port=free_port, log_level="error", ws="none", lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline and thread.is_alive(), "the system did not start"
        time.sleep(0.01)
    yield System(app, free_port)
    server.should_exit = True
    thread.join(10)
