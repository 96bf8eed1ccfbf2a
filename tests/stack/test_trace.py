"""One id leads from the webhook to the portal and back, through the logs of all processes."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from running import Running, until

_WORDS = "đăng ký kết hôn cần giấy tờ gì"


def _lines(running: Running, trace_id: str) -> list[dict[str, Any]]:
    found = (line for line in running.output.splitlines() if trace_id in line and line.startswith("{"))
    return [json.loads(line) for line in found]


def test_the_id_of_a_message_is_in_the_log_of_every_process(stack: Running) -> None:
    with stack.visitor("vi") as visitor:
        visitor.say("tôi tên Nguyễn Thị Bí Mật, số 0912 345 678")
        response = visitor.post({"text": _WORDS}, wait=False)
        trace_id = response.json()["message_id"]
        assert re.fullmatch(r"[0-9a-f]{32}", trace_id)
        until(lambda: any(line["event"] == "turn" for line in _lines(stack, trace_id)), "answered")
    lines = _lines(stack, trace_id)
    seen = {(line["process"], line["event"]) for line in lines}
    assert {
        ("gateway", "received"),
        ("actions", "portal"),
        ("actions", "action"),
        ("rasa", "understood"),
        ("gateway", "turn"),
    } <= seen
    for line in lines:
        assert line.get("trace_id", line.get("message_id")) == trace_id
    told = json.dumps(lines, ensure_ascii=False)
    assert "kết hôn" not in told and "Bí Mật" not in told
    assert "Bí Mật" not in stack.output and "345 678" not in stack.output
    assert visitor.http.headers["Authorization"].split()[1] not in stack.output


def test_an_id_that_a_visitor_sends_is_not_taken(stack: Running) -> None:
    foreign = "deadbeef" * 4
    with stack.visitor("vi") as visitor:
        headers = {"traceparent": f"00-{foreign}-{'1' * 16}-01", "X-Request-Id": foreign}
        visitor.http.headers.update(headers)
        visitor.say("đăng ký kết hôn nộp ở đâu")
    assert foreign not in stack.output


@pytest.fixture
def collector() -> Iterator[Any]:
    """What an OpenTelemetry collector receives."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", received
    server.shutdown()
    server.server_close()


def _spans(received: list[dict[str, Any]], trace_id: str) -> dict[str, dict[str, Any]]:
    """step -> span"""
    return {
        span["name"]: span
        for request in list(received)
        for resource in request["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
        if span["traceId"] == trace_id
    }


def test_a_message_is_one_trace_over_all_processes_without_words(
    prepare: Callable[..., Running], collector: Any, tmp_path: Path
) -> None:
    address, received = collector
    running = prepare(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=address, OTEL_BSP_SCHEDULE_DELAY=200)
    running.start()
    try:
        with running.visitor("vi") as visitor:
            trace_id = visitor.post({"text": _WORDS}, wait=False).json()["message_id"]
            steps = {"message", "rasa", "action", "portal"}
            until(lambda: _spans(received, trace_id).keys() >= steps, "all steps are told")
    finally:
        running.end()
    spans = _spans(received, trace_id)
    assert not spans["message"].get("parentSpanId")
    assert spans["rasa"]["parentSpanId"] == spans["message"]["spanId"]
    assert spans["action"]["parentSpanId"] == spans["rasa"]["spanId"]
    assert "kết hôn" not in json.dumps(received, ensure_ascii=False)
