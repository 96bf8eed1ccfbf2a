"""Every public door: limited, with a stop for large bodies, with headers that keep browsers strict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Mount

from channels.app import create_app
from channels.edge import door_of
from channels.errors import ApiError
from channels.limits import BURST, DOORS, STREAMS, LocalLimits
from troly.settings import Settings

CHANNELS = {
    "public_url": "https://troly.example.test",
    "telegram_token": "1:" + "a" * 35,
    "telegram_secret": "s" * 32,
    "zalo_oa_app_id": "1",
    "zalo_oa_id": "2",
    "zalo_oa_secret_key": "k" * 32,
    "zalo_oa_app_secret": "k" * 32,
    "zalo_oa_refresh_token": "r" * 32,
    "zalo_bot_token": "1:b",
    "zalo_bot_secret": "z" * 32,
    "portal_webhook_secret": "p" * 32,
}


@pytest.fixture
async def app(make_settings: Callable[..., Settings]) -> FastAPI:
    """A gateway with every channel, not started: what is asked for needs no worker."""
    return create_app(make_settings(**CHANNELS))


def asking(app: FastAPI, address: str = "203.0.113.9") -> httpx.AsyncClient:
    """Somebody at this address."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 40000))
    return httpx.AsyncClient(transport=transport, base_url="https://troly.example.test")


def doors(app: FastAPI, before: str = "") -> Iterator[tuple[str, str]]:
    """Method and path of every route, with those of what is mounted."""
    for route in app.routes:
        if isinstance(route, Mount) and isinstance(route.app, FastAPI):
            yield from doors(route.app, before + route.path)
        elif isinstance(route, APIRoute):
            for method in route.methods:
                yield method, before + route.path
        elif hasattr(route, "effective_route_contexts"):  # a router that newer FastAPI keeps whole
            for context in route.effective_route_contexts():
                for method in context.methods or ():
                    yield method, before + context.path
        elif path := getattr(route, "path", ""):
            yield "GET", before + path


def filled(path: str) -> str:
    """The path with something in the place of its parameters."""
    parts = ["x" if "{" in part else part for part in path.split("/")]
    return "/".join(parts) or "/"


async def test_the_walk_finds_the_doors(app: FastAPI) -> None:
    found = {path for _, path in doors(app)}
    assert {
        "/",
        "/embed",
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/v1/messages",
        "/api/v1/media",
        "/api/v1/events",
        "/webhooks/portal",
        "/webhooks/telegram",
        "/webhooks/zalo",
        "/webhooks/zalo-bot",
        "/console/sign-in",
        "/console/audit",
    } <= found
    assert any(path.startswith("/checklists/") for path in found)
    assert len(found) > 60


async def test_every_answer_has_the_headers(app: FastAPI) -> None:
    asked = set(doors(app)) | {
        ("GET", "/nothing/here"),
        ("GET", "/console/nothing"),
        ("PUT", "/api/v1/messages"),
        ("OPTIONS", "/api/v1/messages"),
        ("TRACE", "/"),
    }
    async with asking(app) as http:
        for method, path in sorted(asked):
            response = await http.request(method, filled(path))
            headers = response.headers
            assert headers["x-content-type-options"] == "nosniff", (method, path)
            assert "default-src 'none'" in headers["content-security-policy"], (method, path)
            assert headers["referrer-policy"], (method, path)
            assert "camera=()" in headers["permissions-policy"], (method, path)
            assert headers["strict-transport-security"] == "max-age=31536000", (method, path)
            assert headers["cross-origin-opener-policy"] == "same-origin", (method, path)
            assert "server" not in headers and "x-powered-by" not in headers, (method, path)
            if path.startswith("/console"):
                assert "frame-ancestors 'none'" in headers["content-security-policy"], path
                if "/static/" not in path:
                    assert response.is_redirect or headers.get("cache-control") == "no-store", (method, path)
            elif path != "/embed":
                assert "frame-ancestors 'self'" in headers["content-security-policy"], path


async def test_an_answer_that_broke_has_the_headers_and_no_detail(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the secret of this machine")

    monkeypatch.setattr("channels.web.api.conversations.new_id", broken)
    async with asking(app) as http:
        response = await http.post("/api/v1/conversations")
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal" and "secret" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_no_hsts_where_there_is_no_tls(make_settings: Callable[..., Settings]) -> None:
    async with asking(create_app(make_settings())) as http:
        assert "strict-transport-security" not in (await http.get("/healthz")).headers


async def test_every_door_but_the_health_check_is_limited(app: FastAPI) -> None:
    for _, path in doors(app):
        limited = path.startswith("/api/v1/") or door_of(filled(path)) in DOORS
        assert limited or path == "/healthz", path


@pytest.mark.parametrize(
    ("path", "method", "most"),
    [
        ("/", "GET", DOORS["pages"]),
        ("/widget.js", "GET", DOORS["pages"]),
        ("/api/docs", "GET", DOORS["slow"]),
        ("/checklists/x.pdf", "GET", DOORS["slow"]),
        ("/webhooks/telegram", "POST", DOORS["webhooks"]),
        ("/console/sign-in", "GET", DOORS["console"]),
        ("/api/v1/media", "POST", DOORS["photos"]),
    ],
)
async def test_one_address_is_stopped_and_others_are_not(
    make_settings: Callable[..., Settings], path: str, method: str, most: int
) -> None:
    at_once = max(1, most // BURST)
    app = create_app(make_settings(**CHANNELS, messages_per_minute=1))
    async with asking(app) as http, asking(app, "198.51.100.7") as other:
        allowed = 0
        while (refused := await http.request(method, path)).status_code != 429:
            allowed += 1
            assert allowed < 2 * most, "never stopped"  # the bucket fills up a little meanwhile
        assert allowed >= at_once and int(refused.headers["retry-after"]) >= 1
        assert (await other.request(method, path)).status_code != 429
        assert (await http.get("/healthz")).status_code == 200


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
async def test_what_is_for_the_operator_is_not_there_for_the_internet(app: FastAPI, path: str) -> None:
    for outside in ("203.0.114.9", "8.8.8.8", "2001:4860:4860::8888", "nonsense"):
        async with asking(app, outside) as http:
            assert (await http.get(path)).status_code == 404, outside
    for inside in ("127.0.0.1", "10.3.2.1", "::1"):
        async with asking(app, inside) as http:
            assert (await http.get(path)).status_code != 404, inside


async def test_a_proxys_word_decides_where_a_request_comes_from(app: FastAPI) -> None:
    async with asking(app, "127.0.0.1") as proxy:
        visitor = await proxy.get("/metrics", headers={"X-Forwarded-For": "8.8.8.8"})
        assert visitor.status_code == 404
    async with asking(app, "8.8.8.8") as liar:
        assert (await liar.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"})).status_code == 404


@pytest.mark.parametrize("path", ["/api/v1/conversations", "/webhooks/telegram", "/console/sign-in", "/"])
async def test_a_body_without_a_length_is_not_read_to_its_end(app: FastAPI, path: str) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        for _ in range(5000):
            sent += 10_000
            yield b"x" * 10_000

    headers = {"X-Telegram-Bot-Api-Secret-Token": "s" * 32, "Content-Type": "application/json"}
    async with asking(app) as http:
        response = await http.post(path, content=endless(), headers=headers)
    assert response.status_code in (405, 413, 403), response.text
    assert sent <= 2 * 1024 * 1024 or response.status_code in (403, 405)


def test_streams_of_one_address_are_counted() -> None:
    limits = LocalLimits(Settings(_env_file=None))  # type: ignore[call-arg]
    opened = [limits.streaming("2001:db8::1") for _ in range(STREAMS)]
    for one in opened:
        one.__enter__()
    with pytest.raises(ApiError):
        limits.another_stream("2001:db8::2")
    limits.another_stream("192.0.2.1")
    opened[0].__exit__(None, None, None)
    limits.another_stream("2001:db8::2")
