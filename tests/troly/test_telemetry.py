"""Traces, where the operator names a collector."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from troly import telemetry, trace

ID = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def collector() -> Iterator[Any]:
    """Spans, as a collector receives them over HTTP."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.append({"path": self.path, "type": self.headers["Content-Type"], "body": body})
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.received = received  # type: ignore[attr-defined]
    yield server
    server.shutdown()
    server.server_close()


def _spans(collector: Any) -> dict[str, Any]:
    return {
        span["name"]: span
        for request in collector.received
        for resource in request["body"]["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    }


def test_spans_reach_the_collector_under_the_messages_own_id(collector: Any) -> None:
    telemetry.configure(f"http://127.0.0.1:{collector.server_port}/", "gateway")
    try:
        with trace.follow(ID), telemetry.span("message", channel="web"):
            sent = trace.headers()
            with telemetry.span("inside"):
                pass
        with trace.received(sent), telemetry.span("rasa"):
            pass
        with telemetry.span("nobody's"):
            pass
    finally:
        telemetry.close()
    assert collector.received[0]["path"] == "/v1/traces"
    assert collector.received[0]["type"] == "application/json"
    spans = _spans(collector)
    assert set(spans) == {"message", "inside", "rasa"}
    assert {span["traceId"] for span in spans.values()} == {ID}
    assert not spans["message"].get("parentSpanId")
    assert spans["inside"]["parentSpanId"] == spans["rasa"]["parentSpanId"] == spans["message"]["spanId"]
    assert spans["message"]["attributes"] == [{"key": "channel", "value": {"stringValue": "web"}}]


def test_what_went_wrong_is_told_by_its_type_alone(collector: Any) -> None:
    telemetry.configure(f"http://127.0.0.1:{collector.server_port}", "actions")
    try:
        with pytest.raises(ValueError), trace.follow(ID), telemetry.span("action", action="action_x"):
            raise ValueError("Nguyễn Văn Bí Mật, 0912345678")
    finally:
        telemetry.close()
    assert "ValueError" in json.dumps(_spans(collector)["action"])
    assert "Bí Mật" not in json.dumps(collector.received, ensure_ascii=False)


def test_without_a_collector_nothing_is_imported() -> None:
    code = (
        "import sys; from troly import telemetry, trace; telemetry.configure('', 'gateway')\n"
        f"with trace.follow('{ID}'), telemetry.span('x'): trace.headers()\n"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
