"""The process: headers, pages, health, errors, logs, start."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError

from channels import app as process
from channels.web import pages
from troly.errors import SettingError, UsageError

# Headers


async def test_every_answer_carries_the_strict_headers(stack: Any) -> None:
    for path in ("/healthz", "/api/docs", "/api/v1/conversation", "/nothing", "/api/openapi.json"):
        headers = (await stack.http.get(path)).headers
        policy = headers["content-security-policy"]
        assert policy.startswith(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:"
        )
        assert "frame-ancestors 'self'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] and headers["permissions-policy"]
    assert (await stack.http.get("/api/v1/conversation")).headers["cache-control"] == "no-store"


async def test_only_embedding_sites_may_call_the_api_and_frame_the_embedded_page(start: Any) -> None:
    site, other = "https://tinh.example.gov.vn", "https://evil.example"
    async with start(embed_origins=f"{site}, https://b.example") as stack:
        for path in ("/api/v1/conversation", "/widget.js"):
            assert (await stack.http.get(path, headers={"Origin": site})).headers[
                "access-control-allow-origin"
            ] == site
            assert (
                "access-control-allow-origin"
                not in (await stack.http.get(path, headers={"Origin": other})).headers
            )
        for path in ("/healthz", "/metrics", "/"):
            assert (
                "access-control-allow-origin"
                not in (await stack.http.get(path, headers={"Origin": site})).headers
            )
        embed = (await stack.http.get("/embed")).headers["content-security-policy"]
        assert embed.endswith(f"frame-ancestors 'self' {site} https://b.example")
        assert (await stack.http.get("/")).headers["content-security-policy"].endswith("ancestors 'self'")


async def test_a_browser_may_send_what_the_api_needs(start: Any) -> None:
    async with start(embed_origins="https://a.example") as stack:
        response = await stack.http.options(
            "/api/v1/events",
            headers={
                "Origin": "https://a.example",
                "Access-Control-Request-Method": "GET",
                "Access-Control-Request-Headers": "authorization,last-event-id",
            },
        )
        assert response.status_code == 200
        visitor = await stack.visitor()
        shown = await stack.http.get(
            "/api/v1/conversation", headers=visitor.headers | {"Origin": "https://a.example"}
        )
        assert "X-Token" in shown.headers["access-control-expose-headers"]


@pytest.mark.parametrize("setting", ["example.gov.vn", "https://a.example/path", "*", "https://a b"])
def test_what_is_no_origin_is_named_at_start(make_settings: Any, setting: str) -> None:
    with pytest.raises(SettingError, match=r"^EMBED_ORIGINS: "):
        process.create_app(make_settings(embed_origins=setting))


# Pages


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of the widget's."""
    folder = tmp_path / "widget"
    folder.mkdir()
    monkeypatch.setattr(pages, "FOLDER", folder)
    return folder


async def test_the_widget_is_served_with_validators(stack: Any, files: Path) -> None:
    (files / "index.html").write_text("<!doctype html><title>Trợ lý</title>", encoding="utf-8")
    (files / "widget.js").write_text("let a = 1;" * 200, encoding="utf-8")
    page = await stack.http.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    script = await stack.http.get("/widget.js")
    assert script.headers["content-encoding"] == "gzip"
    assert script.text == "let a = 1;" * 200
    assert "javascript" in script.headers["content-type"]
    plain = await stack.http.get("/widget.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers and plain.text == script.text
    again = await stack.http.get("/widget.js", headers={"If-None-Match": script.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    (files / "widget.js").write_text("let b = 2;", encoding="utf-8")
    changed = await stack.http.get("/widget.js", headers={"If-None-Match": script.headers["etag"]})
    assert changed.text == "let b = 2;"


@pytest.mark.parametrize("path", ["/", "/embed", "/widget.js", "/..%2fapp.py", "/.env", "/%2e%2e", "/a.py"])
async def test_what_is_not_there_is_not_found(stack: Any, files: Path, path: str) -> None:
    assert (await stack.http.get(path)).status_code == 404


async def test_the_documentation_lists_every_operation_without_any_script(stack: Any) -> None:
    page = await stack.http.get("/api/docs")
    described = (await stack.http.get("/api/openapi.json")).json()["paths"]
    assert set(described) >= {f"/api/v1/{name}" for name in ("conversations", "messages", "events", "rating")}
    for path in described:
        assert path in page.text
    assert "<script" not in page.text and "style=" not in page.text and "//cdn" not in page.text
    assert (await stack.http.get("/api/docs/style.css")).headers["content-type"].startswith("text/css")


# Health


def neighbour(path: str) -> FastAPI:
    """An action server or a portal that is up."""
    app = FastAPI()
    app.add_api_route(path, lambda: {"status": "ok"})
    return app


async def test_readiness_names_each_neighbour(start: Any, rasa: Any, serve: Any) -> None:
    async with serve(neighbour("/health")) as actions, serve(neighbour("/healthz")) as portal:
        up = {"rasa_url": rasa.url, "actions_url": actions, "portal_port": int(portal.rpartition(":")[2])}
        async with start(**up) as stack:
            response = await stack.http.get("/readyz")
            assert response.status_code == 200
            assert response.json() == {
                "status": "ready",
                "checks": {"database": "up", "rasa": "up", "actions": "up", "portal": "up"},
            }
        async with start(**(up | {"portal_port": 9})) as stack:
            response = await stack.http.get("/readyz")
            assert (response.status_code, response.json()["status"]) == (200, "degraded")
            assert response.json()["checks"]["portal"] == "down"
        async with start(**(up | {"rasa_url": "http://127.0.0.1:9"})) as stack:
            response = await stack.http.get("/readyz")
            assert (response.status_code, response.json()["status"]) == (503, "unavailable")
            assert response.json()["checks"]["rasa"] == "down"


async def test_without_tables_the_process_lives_but_is_not_ready(
    start: Any, rasa: Any, tmp_path: Path
) -> None:
    async with start(rasa_url=rasa.url, database_url=f"sqlite:///{tmp_path / 'empty.db'}") as stack:
        assert (await stack.http.get("/healthz")).status_code == 200
        response = await stack.http.get("/readyz")
        assert (response.status_code, response.json()["checks"]["database"]) == (503, "down")
        refused = await stack.http.post("/api/v1/conversations")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert refused.json()["error"]["code"] == "unavailable"


async def test_metrics_count_messages_and_answers(stack: Any) -> None:
    visitor = await stack.visitor()
    await visitor.ask("một")
    found = (await stack.http.get("/metrics")).text
    assert 'troly_messages_total{channel="web",result="new"} 1.0' in found
    assert 'troly_replies_total{channel="web",status="answered"} 1.0' in found
    assert "troly_queue_length 0.0" in found
    assert "troly_turn_seconds_count 1.0" in found


async def test_the_queue_length_shows_what_waits(start: Any) -> None:
    async with start() as stack:  # without Rasa
        visitor = await stack.visitor()
        await visitor.send("một")
        await visitor.send("hai")
        assert "troly_queue_length 2.0" in (await stack.http.get("/metrics")).text


# Errors and logs


async def test_an_unforeseen_error_is_reported_with_an_id_that_the_log_has(
    stack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from channels import conversations

    async def break_down(*_: Any) -> None:
        raise RuntimeError("words of a citizen")

    visitor = await stack.visitor()
    monkeypatch.setattr(conversations, "read", break_down)
    with structlog.testing.capture_logs() as lines:
        response = await stack.http.get("/api/v1/conversation", headers=visitor.headers)
    error = response.json()["error"]
    assert response.status_code == 500 and error["code"] == "internal"
    assert error["id"] in error["message_vi"] and "citizen" not in response.text
    assert [line["error_id"] for line in lines if line["event"] == "request_broken"] == [error["id"]]
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_a_database_that_is_away_is_a_passing_state(
    stack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from channels import inbox

    async def away(*_: Any) -> None:
        raise OperationalError("x", {}, Exception())

    visitor = await stack.visitor()
    monkeypatch.setattr(inbox, "accept", away)
    response = await visitor.send("một")
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")


async def test_logs_name_messages_but_never_say_what_is_in_them(stack: Any, rasa: Any) -> None:
    secret = "số căn cước 022090001234"
    rasa.behave = lambda _sender, _message, seen: 500 if seen == 1 else None
    visitor = await stack.visitor()
    with structlog.testing.capture_logs() as lines:
        response = await visitor.send(secret, wait=True)
        await visitor.send(secret, client_id="c1")
        await stack.http.post("/api/v1/rating", json={"value": 1, "comment": secret}, headers=visitor.headers)
    assert response.status_code == 200
    assert [line["outcome"] for line in lines if line["event"] == "turn"] == ["retry:status_500", "answered"]
    assert all("ms" in line for line in lines if line["event"] in ("turn", "received"))
    assert "022090001234" not in repr(lines)
    token = visitor.headers["Authorization"].removeprefix("Bearer ")
    assert token not in repr(lines)


# Start


def test_starting_on_a_database_without_tables_names_the_command(make_settings: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="troly db upgrade"):
        process.run(make_settings(database_url=f"sqlite:///{tmp_path / 'empty.db'}"))


def test_a_port_in_use_is_named(make_settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=rf"GATEWAY_PORT: .*{port}"):
            process.run(make_settings(gateway_port=port))


async def test_stopping_does_not_wait_for_open_streams(start: Any, rasa: Any) -> None:
    async with start(rasa_url=rasa.url) as stack:
        visitor = await stack.visitor()
        async with visitor.events("1") as events:
            stack.gateway.broker.close()
            assert [event async for event in events] == []


async def test_the_application_can_be_driven_without_a_server(make_settings: Any) -> None:
    app = process.create_app(make_settings())
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://x") as http,
    ):
        assert (await http.get("/healthz")).json() == {"status": "ok"}
