"""A gateway on a real port, before a Rasa that speaks the REST channel strictly."""

from __future__ import annotations

import asyncio
import json
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from sqlalchemy import insert

from channels import registry
from channels.app import create_app
from channels.options import DeliveryOptions, SenderOptions
from troly.database import engine
from troly.settings import Settings
from troly.tables import Base

QUICK = DeliveryOptions(
    lease=3.0, attempt=5.0, poll=0.05, pauses=(0.02, 0.02, 0.02, 0.02), outage_pause=0.05, drain=2.0
)

QUICK_SENDER = SenderOptions(
    attempt=1.0,
    lease=1.5,
    poll=0.05,
    pauses=(0.02, 0.02, 0.05),
    tries=6,
    unknown_pauses=(0.02, 0.05),
    drain=2.0,
)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stop = asyncio.Event()

    def capture_signals(self) -> Any:
        return nullcontext()  # the test runner keeps its own

    async def main_loop(self) -> None:
        await self.stop.wait()  # uvicorn's own looks ten times a second


@asynccontextmanager
async def serving(app: Any, port: int = 0) -> AsyncIterator[str]:
    """The application on a loopback port; gives its address."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
        ws="none",
        timeout_keep_alive=60,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        assert not task.done(), task.exception()
        await asyncio.sleep(0.002)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.stop.set()
        gateway = getattr(app.state, "gateway", None)
        if gateway:
            gateway.broker.close()
        await task
        listener.close()


class FakeRasa:
    """Answers each message with "echo: …" unless told otherwise by `behave`."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self.metadata: list[dict[str, Any]] = []
        self.active: Counter[str] = Counter()
        self.overlaps = 0
        self.most_at_once = 0
        self.violations: list[str] = []
        self.delay = 0.0
        self.behave: Callable[[str, str, int], Any] | None = None
        """(sender, message, how many times seen) -> None to echo, a status code, a list of items, or
        raw text; may be a coroutine."""
        self.url = ""
        self.app = FastAPI()
        self.app.add_api_route("/webhooks/rest/webhook", self._webhook, methods=["POST"])
        self.app.add_api_route("/status", self._status, methods=["GET"])

    async def until(self, count: int) -> None:
        """Wait until so many messages came in."""
        async with asyncio.timeout(5):
            while len(self.messages()) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    def messages(self, sender: str | None = None) -> list[str]:
        """What was asked, without greetings."""
        return [text for who, text in self.seen if text != "/greet" and sender in (None, who)]

    async def _status(self) -> dict[str, str]:
        return {"model_file": "fake"}

    async def _webhook(self, request: Request) -> Response:
        body = await request.json()
        self._check(request, body)
        sender, message = body["sender"], body["message"]
        self.seen.append((sender, message))
        self.metadata.append(body["metadata"])
        self.active[sender] += 1
        self.overlaps += self.active[sender] > 1
        self.most_at_once = max(self.most_at_once, self.active.total())
        try:
            await asyncio.sleep(self.delay)
            outcome = self.behave and self.behave(sender, message, self.seen.count((sender, message)))
            if asyncio.iscoroutine(outcome):
                outcome = await outcome
        finally:
            self.active[sender] -= 1
        if isinstance(outcome, int):
            return Response(status_code=outcome)
        if isinstance(outcome, str):
            return Response(outcome, media_type="text/html")
        items = echo(sender, message) if outcome is None else outcome
        return Response(json.dumps(items), media_type="application/json")

    def _check(self, request: Request, body: Any) -> None:
        metadata = body.get("metadata")
        if set(body) != {"sender", "message", "metadata"} or not body["message"] or not body["sender"]:
            self.violations.append(f"body {sorted(body)}")
        elif set(metadata) - {"visitor", "secret", "photo"} != {"channel", "language_hint", "message_id"}:
            self.violations.append(f"metadata {metadata}")
        elif metadata["language_hint"] not in ("vi", "en", None):
            self.violations.append(f"language_hint {metadata['language_hint']}")
        if request.headers["content-type"] != "application/json":
            self.violations.append("content type")


def echo(sender: str, message: str) -> list[dict[str, Any]]:
    """One reply as our response generator makes it."""
    answer = {"status": "answered", "intent": "ask_fee", "procedure_code": "1.001193", "aspect": "fee"}
    return [
        {
            "recipient_id": sender,
            "text": f"echo: {message}",
            "buttons": [{"title": "Lệ phí", "payload": '/ask_fee{"procedure_code":"1.001193"}'}],
        },
        {
            "recipient_id": sender,
            "custom": {
                "language": "vi",
                "links": [{"title": "Nguồn", "url": "https://example.test/1.001193"}],
                "answer": answer | {"language": "vi", "sources": []},
            },
        },
    ]


class Visitor:
    """A browser's side of the public API."""

    def __init__(self, http: httpx.AsyncClient, opened: dict[str, Any]) -> None:
        self.http = http
        self.id = opened["conversation_id"]
        self.greeting = opened["greeting"]
        self.headers = {"Authorization": f"Bearer {opened['token']}"}
        self._sent = 0

    async def send(self, text: str | None = None, *, wait: bool = False, **body: Any) -> httpx.Response:
        """Send a text (or whatever is in `body`) under a new client_id unless one is given."""
        self._sent += 1
        content = {"client_id": f"c{self._sent}"} | ({} if text is None else {"text": text}) | body
        return await self.http.post(
            "/api/v1/messages", json=content, headers=self.headers, params={"wait": "true"} if wait else None
        )

    async def ask(self, text: str) -> str:
        """The text of the answer."""
        response = await self.send(text, wait=True)
        assert response.status_code == 200, response.text
        return " ".join(reply["text"] for reply in response.json()["replies"])

    async def transcript(self) -> dict[str, Any]:
        """The conversation so far."""
        response = await self.http.get("/api/v1/conversation", headers=self.headers)
        assert response.status_code == 200, response.text
        return response.json()

    async def answers(self, count: int, seconds: float = 8.0) -> list[str]:
        """The texts after the greeting, once there are `count` or the time is over."""
        async with asyncio.timeout(seconds):
            while True:
                said = [
                    line["text"]
                    for line in (await self.transcript())["messages"]
                    if line["from"] != "citizen"
                ][len(self.greeting) :]
                if len(said) >= count:
                    return said
                await asyncio.sleep(0.03)

    @asynccontextmanager
    async def events(self, last_event_id: str | None = None) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """The event stream, parsed."""
        headers = self.headers | ({} if last_event_id is None else {"Last-Event-ID": last_event_id})
        async with self.http.stream("GET", "/api/v1/events", headers=headers, timeout=10) as response:
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            yield _parse(response.aiter_lines())


async def _parse(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, Any]]:
    event: dict[str, Any] = {}
    async for line in lines:
        if not line:
            if "data" in event:
                yield event | {"data": json.loads(event["data"])}
            event = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            event[name] = value


class Stack:
    """A gateway that runs on a port."""

    def __init__(self, app: FastAPI, http: httpx.AsyncClient) -> None:
        self.app = app
        self.http = http
        self.gateway = app.state.gateway

    async def visitor(self, **body: Any) -> Visitor:
        """A new conversation."""
        response = await self.http.post("/api/v1/conversations", json=body)
        assert response.status_code == 200, response.text
        return Visitor(self.http, response.json())


@pytest.fixture
async def rasa() -> AsyncIterator[FakeRasa]:
    """A Rasa that is up, and to which every request was well-formed."""
    fake = FakeRasa()
    async with serving(fake.app) as fake.url:
        yield fake
    assert fake.violations == []


@pytest.fixture
def make_settings(tmp_path: Path) -> Callable[..., Settings]:
    """Settings on a fresh database with all tables; limits too high to be met by accident."""
    database = f"sqlite:///{tmp_path / 'test.db'}"
    made = engine(database)
    Base.metadata.create_all(made)
    made.dispose()
    defaults = {
        "data_dir": tmp_path,
        "database_url": database,
        "secret_key": "a key for tests",
        "messages_per_minute": 100_000,
        "conversations_per_hour": 100_000,
        "rasa_url": "http://127.0.0.1:9",
        "actions_url": "http://127.0.0.1:9",
        "portal_url": "",
        "portal_port": 9,
    }
    return lambda **given: Settings(_env_file=None, **(defaults | given))


@pytest.fixture
def start(make_settings: Callable[..., Settings]) -> Callable[..., Any]:
    """Starts a gateway: `async with start(rasa_url=…) as stack`."""

    @asynccontextmanager
    async def starting(
        options: DeliveryOptions = QUICK,
        port: int = 0,
        *,
        sender: SenderOptions = QUICK_SENDER,
        prepare: Callable[[Any], None] = lambda _gateway: None,
        **given: Any,
    ) -> AsyncIterator[Stack]:
        app = create_app(make_settings(**given), options=options, sender_options=sender)
        prepare(app.state.gateway)
        async with (
            serving(app, port) as url,
            httpx.AsyncClient(base_url=url, timeout=35, trust_env=False) as http,
        ):
            yield Stack(app, http)

    return starting


@pytest.fixture
async def stack(start: Callable[..., Any], rasa: FakeRasa) -> AsyncIterator[Stack]:
    """A gateway with its Rasa."""
    async with start(rasa_url=rasa.url) as running:
        yield running


@pytest.fixture
def serve() -> Callable[..., Any]:
    """Serves any application: `async with serve(app) as url`."""
    return serving


@pytest.fixture
def quick() -> DeliveryOptions:
    """Delivery with the patience of a test."""
    return QUICK


@pytest.fixture
def quick_sender() -> SenderOptions:
    """Sending with the patience of a test."""
    return QUICK_SENDER


@pytest.fixture
def push(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gateways have one more channel, whose platform does as a test tells it (tests/channels/scripted.py)."""
    monkeypatch.setitem(registry.CHANNELS, "push", "tests.channels.scripted")


@pytest.fixture
def rasa_on() -> Callable[[int], Any]:
    """Starts another fake Rasa on a given port: `async with rasa_on(port) as fake`."""

    @asynccontextmanager
    async def starting(port: int) -> AsyncIterator[FakeRasa]:
        fake = FakeRasa()
        async with serving(fake.app, port) as fake.url:
            yield fake
        assert fake.violations == []

    return starting


@pytest.fixture
def remember(make_settings: Callable[..., Settings]) -> Callable[[str], None]:
    """Writes into Rasa's tables as the tracker store would."""
    from troly.tables.tracker import TrackerEvent, TrackerSnapshot

    def write(sender: str) -> None:
        made = engine(make_settings().database)
        with made.begin() as connection:
            connection.execute(
                insert(TrackerEvent).values(sender_id=sender, type="user", timestamp=1.0, data={})
            )
            connection.execute(
                insert(TrackerSnapshot).values(sender_id=sender, slots={}, last_event_id=1, turns=1)
            )
        made.dispose()

    return write
