"""Whatever a signed body holds, the webhook has an answer for it, and never one of a server in trouble."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from channels.zalo_oa.events import Message, parse, read
from channels.zalo_oa.webhook import Webhook
from tests.fakes.zalo_oa import APP_ID, OA_ID, SECRET, FakeZaloOa, sign

_NAMES = [
    *(
        f"user_send_{kind}"
        for kind in ["text", "link", "audio", "video", "sticker", "gif", "file", "location", "image"]
    ),
    *("user_send_business_card", "user_submit_info", "user_click_chatnow", "user_withdraw", "follow"),
    *("unfollow", "anonymous_send_text", "anonymous_send_image", "oa_send_text", "user_seen_message"),
]
_KEYS = [
    *("id", "text", "msg_id", "attachments", "type", "payload", "url", "name", "size", "description"),
    *("coordinates", "latitude", "longitude", "conversation_id", "phone", "info", "sender", "message"),
]
_scalars = (
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats()
    | some.text(max_size=30)
    | some.sampled_from(
        ["1", "b:1:2", "#xoa", "https://a.zdn.vn/x", "20.95", "1e999", "nan", "\ud800", "\x00"]
    )
)
_values = some.recursive(
    _scalars,
    lambda inner: (
        some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from(_KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)
_message = some.fixed_dictionaries(
    {},
    optional={"text": _values, "msg_id": _values, "attachments": some.lists(_values, max_size=3) | _values},
)
_events = some.fixed_dictionaries(
    {"event_name": some.sampled_from(_NAMES) | _values},
    optional={
        "sender": some.just({"id": "246"}) | _values,
        "follower": some.just({"id": "246"}) | _values,
        "recipient": some.just({"id": OA_ID}) | _values,
        "message": _message | _values,
        "info": _values,
        "user_id": _values,
        "timestamp": some.just("1540363714987") | _values,
    },
)
_bodies = some.one_of(
    _events.map(lambda event: json.dumps(event).encode()),
    _values.map(lambda value: json.dumps(value).encode()),
    some.binary(max_size=200),
)


class Strict:
    """Takes what a database takes."""

    async def receive(self, channel: str, received: Any) -> None:
        fields = [received.external_id, received.message_id, received.text, received.payload, received.button]
        kept = json.dumps([fields, received.media], ensure_ascii=False, allow_nan=False)
        assert b"\x00" not in kept.encode("utf-8") and "\\u0000" not in kept
        assert 0 < len(received.message_id) <= 200
        assert any((received.text, received.payload, received.button, received.media))

    async def joined(self, channel: str, external_id: str, display_name: str | None = None) -> None:
        assert external_id

    left = erase = joined


@pytest.fixture
def gateway() -> FakeZaloOa:
    """A platform before a webhook that stores nothing."""
    app, reception = FastAPI(), Strict()
    app.include_router(Webhook(reception, APP_ID, OA_ID, SECRET).router())  # type: ignore[arg-type]
    fake = FakeZaloOa("http://gateway.test")
    fake.transport = httpx.ASGITransport(app)
    return fake


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=_bodies)
def test_a_signed_body_is_taken_ignored_or_no_event(gateway: FakeZaloOa, body: bytes) -> None:
    response = asyncio.run(gateway.raw(body))
    assert response.status_code in (200, 400)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=_bodies, header=some.none() | some.text(max_size=80))
def test_an_unsigned_body_is_refused(gateway: FakeZaloOa, body: bytes, header: str | None) -> None:
    if body.strip() == b"{}" or (header and sign(body) in header):
        return
    headers = {} if header is None else {"x-zevent-signature": header.encode("utf-8")}
    response = asyncio.run(gateway.raw(body, signed=False, headers=headers))  # type: ignore[arg-type]
    assert response.status_code == 403


@settings(deadline=None, max_examples=200)
@given(event=_events)
def test_a_redelivery_reads_the_same(event: Any) -> None:
    raw = json.dumps(event).encode()
    body = parse(raw)
    assert body is not None
    moment = datetime.now(UTC)
    assert read(body, raw, moment) == read(parse(raw) or {}, raw, moment)
    ids = [e.received.message_id for e in read(body, raw, moment) if isinstance(e, Message)]
    assert len(ids) == len(set(ids))
