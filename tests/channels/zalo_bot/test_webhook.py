"""The route that the platform calls, before a stand-in of what stores messages."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from channels.reception import Received
from channels.zalo_bot.webhook import make_router
from tests.fakes.zalo_bot import FakeZaloBot, chat_of


@pytest.fixture
def taken() -> list[Received]:
    """What was handed over."""
    return []


@pytest.fixture
async def gateway(fake: FakeZaloBot, taken: list[Received]) -> AsyncIterator[FakeZaloBot]:
    """The platform, whose webhooks arrive at the route."""

    async def take(received: Received) -> None:
        taken.append(received)

    app = FastAPI()
    app.include_router(make_router(fake.secret, take))
    fake.transport = httpx.ASGITransport(app)
    fake.gateway = "http://gateway.test"
    yield fake


@pytest.mark.parametrize("shape", ["flat", "wrapped"])
async def test_a_message_is_handed_over(gateway: FakeZaloBot, taken: list[Received], shape: str) -> None:
    gateway.shape = shape  # type: ignore[assignment]
    response = await gateway.write("lan", "Làm khai sinh", message_id="m1")
    assert response.status_code == 200
    (received,) = taken
    assert (received.text, received.message_id, received.external_id) == (
        "Làm khai sinh",
        "m1",
        chat_of("lan"),
    )


@pytest.mark.parametrize("kind", ["image", "sticker", "voice", "file"])
async def test_media_are_handed_over(gateway: FakeZaloBot, taken: list[Received], kind: str) -> None:
    assert (await gateway.send_media("lan", kind)).status_code == 200
    assert taken[0].media
    assert taken[0].media["kind"] == ("unsupported" if kind == "file" else kind)


BODY = b'{"event_name": "message.text.received"}'


@pytest.mark.parametrize(
    "given", [None, "", "another-secret", "a-fake-webhook-secre", "\xff\xfe", "a" * 5000]
)
async def test_without_the_secret_nothing_is_read(
    gateway: FakeZaloBot, taken: list[Received], given: str | None
) -> None:
    headers = None if given is None else {"X-Bot-Api-Secret-Token": given.encode("latin-1")}
    response = await gateway.raw(BODY, signed=False, headers=headers)  # type: ignore[arg-type]
    assert response.status_code == 401
    assert taken == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"\xff", b'{"ok": true}', b"[" * 100_000, b'{"result": {}}']
)
async def test_an_authentic_body_that_is_no_event_is_refused(gateway: FakeZaloBot, body: bytes) -> None:
    assert (await gateway.raw(body)).status_code == 400


@pytest.mark.parametrize(
    "event",
    [
        {"event_name": "message.dance.received", "message": {}},
        {"event_name": "bot.renamed"},
        {"ok": True, "result": {"event_name": "message.text.received"}},
    ],
)
async def test_an_event_that_is_not_for_us_is_acknowledged(
    gateway: FakeZaloBot, taken: list[Received], event: dict[str, object]
) -> None:
    assert (await gateway.raw(json.dumps(event).encode())).status_code == 200
    assert taken == []
