"""Two real Rasa processes share the conversations of one stack; one is killed and comes back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from running import Running, until

from channels.rendezvous import ranked
from tests.conftest import unused_port

_BIRTH = "1.001193"


class Second:
    """Another Rasa beside the one that `serve` keeps."""

    def __init__(self, running: Running, port: int) -> None:
        self._running = running
        self.url = f"http://127.0.0.1:{port}"
        self._environment = running.environment | {"RASA_PORT": str(port)}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "troly", "serve", "--only", "rasa"]
        with (self._running.folder / "second.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, env=self._environment, cwd=self._running.folder, stdout=log, stderr=log
            )
        until(self._answers, "the second Rasa answers")

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        assert self._process and self._process.poll() is None, "it ended"
        try:
            return httpx.get(f"{self.url}/status", timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False


@pytest.fixture
def pair(prepare: Callable[..., Running], tmp_path: Path) -> Any:
    running = prepare(tmp_path, PORTAL_CACHE_SECONDS=0, CONVERSATIONS_PER_HOUR=1000)
    second = Second(running, unused_port())
    first = f"http://127.0.0.1:{running.ports['rasa']}"
    running.environment["RASA_URL"] = f"{first},{second.url}"
    try:
        running.start()
        second.start()
        yield running, first, second
    finally:
        second.kill()
        running.end()


def _checks(running: Running) -> dict[str, str]:
    checks: dict[str, str] = httpx.get(f"{running.url}/readyz", trust_env=False).json()["checks"]
    return checks


def test_a_conversation_goes_on_at_the_other_rasa_and_comes_back(pair: Any) -> None:
    running, first, second = pair
    until(lambda: _checks(running)["rasa_2"] == "up", "both are seen")
    for _ in range(40):
        visitor = running.visitor("vi")
        if ranked(visitor.id, [first, second.url])[0] == second.url:
            break
        visitor.http.close()
    with visitor:
        assert visitor.say("đăng ký khai sinh cần giấy tờ gì").about == (_BIRTH, "documents")
        second.kill()
        # What it is about was said to the one that is dead.
        assert visitor.say("thế lệ phí thì sao?").about == (_BIRTH, "fee")
        assert _checks(running)["rasa_2"] == "down" and _checks(running)["rasa"] == "up"
        second.start()
        until(lambda: _checks(running)["rasa_2"] == "up", "the second is back")
        assert visitor.say("nộp ở đâu").about == (_BIRTH, "place")
        assert visitor.say("thời hạn bao lâu").about == (_BIRTH, "processing_time")
    log = (running.folder / "second.log").read_text("utf-8", "replace")
    assert log.count('"understood"') == 3 + 1  # the greeting, one turn before it died, two after
