"""The portal's signed webhook: only what is signed and fresh is stored, and each change once."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from channels.app import create_app
from portal.demo.webhook import signed
from troly.errors import SettingError
from troly.settings import Settings
from troly.signatures import signature_is_good
from troly.tables.notices import PortalChange

KEY = "k" * 32
CODE = "H49.33-250421-0001"
ADDRESS = "/webhooks/portal"


@pytest.fixture
def body() -> bytes:
    return json.dumps({"changes": [{"id": "a-1", "code": CODE}, {"id": "a-2", "code": CODE}]}).encode()


@pytest.fixture
async def stack(start: Callable[..., Any]) -> AsyncIterator[Any]:
    async with start(portal_webhook_secret=KEY) as running:
        yield running


async def kept(stack: Any) -> list[tuple[str, str]]:
    async with stack.gateway.store.read() as connection:
        rows = await connection.execute(select(PortalChange.id, PortalChange.code).order_by(PortalChange.id))
        return [tuple(row) for row in rows]


async def test_signed_changes_are_stored_once_however_often_they_come(stack: Any, body: bytes) -> None:
    for _ in range(2):
        answer = await stack.http.post(ADDRESS, content=body, headers=signed(body, KEY))
        assert answer.status_code == 202
    assert await kept(stack) == [("a-1", CODE), ("a-2", CODE)]


@pytest.mark.parametrize(
    ("spoil", "status"),
    [
        (lambda body, headers: (body + b" ", headers), 401),
        (lambda body, headers: (body, headers | {"X-Portal-Signature": "v1=" + "0" * 64}), 401),
        (lambda body, headers: (body, headers | {"X-Portal-Signature": "é".encode("latin-1")}), 401),
        (lambda body, headers: (body, {**headers, "X-Portal-Timestamp": str(int(time.time()) + 1)}), 401),
        (lambda body, headers: (body, {**headers, "X-Portal-Timestamp": "soon"}), 401),
        (lambda body, headers: (body, {}), 401),
        (lambda body, headers: (body, signed(body, KEY, int(time.time()) - 301)), 401),
        (lambda body, headers: (body, signed(body, KEY, int(time.time()) + 301)), 401),
        (lambda body, headers: (body, signed(body, "x" * 32)), 401),
        (lambda body, headers: (b"{}", signed(b"{}", KEY)), 422),
        (lambda body, headers: (b"\xff", signed(b"\xff", KEY)), 422),
    ],
)
async def test_what_is_not_signed_not_fresh_or_not_in_form_is_refused(
    stack: Any, body: bytes, spoil: Any, status: int
) -> None:
    content, headers = spoil(body, signed(body, KEY))
    answer = await stack.http.post(ADDRESS, content=content, headers=headers)
    assert answer.status_code == status
    assert await kept(stack) == []


@pytest.mark.parametrize(
    "changes",
    [
        [{"id": "", "code": CODE}],
        [{"id": "x" * 81, "code": CODE}],
        [{"id": "x", "code": "' OR 1=1"}],
        [{"id": "x", "code": CODE}] * 1001,
        "none",
    ],
)
async def test_a_call_with_one_bad_change_is_refused_whole(stack: Any, changes: Any) -> None:
    content = json.dumps({"changes": changes}).encode()
    answer = await stack.http.post(ADDRESS, content=content, headers=signed(content, KEY))
    assert answer.status_code == 422
    assert await kept(stack) == []


async def test_without_a_key_there_is_no_webhook(start: Callable[..., Any], body: bytes) -> None:
    async with start() as stack:
        answer = await stack.http.post(ADDRESS, content=body, headers=signed(body, ""))
    assert answer.status_code == 404


def test_a_key_that_could_be_guessed_is_no_key(make_settings: Callable[..., Settings]) -> None:
    with pytest.raises(SettingError, match="PORTAL_WEBHOOK_SECRET"):
        create_app(make_settings(portal_webhook_secret="short"))


def test_the_signature_covers_moment_and_body() -> None:
    at = datetime(2026, 7, 20, tzinfo=UTC)
    headers = signed(b"x", KEY, int(at.timestamp()))
    given = headers["X-Portal-Signature"]
    assert signature_is_good(KEY, headers["X-Portal-Timestamp"], b"x", given, at)
    assert not signature_is_good(KEY, headers["X-Portal-Timestamp"], b"y", given, at)
    assert not signature_is_good(KEY, str(int(at.timestamp()) + 1), b"x", given, at)
    assert given == "v1=" + _reference(KEY, f"{int(at.timestamp())}.x")


def _reference(key: str, message: str) -> str:
    """The same by another program."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed (Debian: apt-get install openssl)")
    done = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", key], input=message.encode(), capture_output=True, check=True
    )
    return done.stdout.decode().rsplit(" ", 1)[-1].strip()


async def test_the_demo_portal_calls_it_when_an_application_changes(stack: Any) -> None:
    from portal.demo.app import create_app as create_portal
    from portal.demo.applications import Applications
    from portal.demo.catalogue import DemoCatalogue
    from portal.demo.schema import ApplicationData
    from portal.demo.webhook import Hook

    owner = {"name": "Mẫu", "id_number": "000090000001", "phone": "0900000001"}
    data = ApplicationData.model_validate(
        {
            "code": CODE,
            "procedure": "1.000001",
            "status": 4,
            "agency": "A",
            "channel": "ONLINE",
            "owner": owner,
        }
    )
    hook = Hook(url=str(stack.http.base_url).rstrip("/") + ADDRESS, secret=KEY)
    app = create_portal(DemoCatalogue([]), Applications([data]), hook=hook)
    transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal") as http:
        assert (await http.post(f"/demo/applications/{CODE}/advance")).status_code == 200
        async with asyncio.timeout(10):
            while not await kept(stack):  # noqa: ASYNC110 - the call is made in the background
                await asyncio.sleep(0.05)
    assert [code for _, code in await kept(stack)] == [CODE]
