"""One id leads from the webhook to the portal and back, through the logs of all processes."""

from __future__ import annotations

import json
import re
from typing import Any

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
