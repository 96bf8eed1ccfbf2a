"""A client of the public API, for programs that talk as a citizen's page does."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from uuid import uuid4

import httpx

from troly.errors import TrolyError

_PATIENCE = 120.0
"""Seconds to keep asking for one answer, waiting included."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What came back for one message: replies as the API gives them, or why it was refused."""

    replies: tuple[dict[str, Any], ...]
    seconds: float
    refused: str = ""

    @property
    def answers(self) -> list[dict[str, Any]]:
        """The answer records in the replies; a good exchange has exactly one."""
        return [reply["answer"] for reply in self.replies if reply.get("answer")]

    @property
    def buttons(self) -> list[dict[str, str]]:
        """All buttons, in order."""
        return [button for reply in self.replies for button in reply.get("buttons") or []]


@dataclass
class Talk:
    """One conversation with the gateway at `url`. Use as a context manager."""

    url: str
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=45.0, trust_env=False))
    patience: float = _PATIENCE
    _token: str = ""

    def __enter__(self) -> Talk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def begin(self, language: str | None = None) -> Exchange:
        """Open a new conversation; the exchange holds the greeting. Raises TrolyError where that fails."""
        self._token = ""
        started = time.monotonic()
        response = self._post("/api/v1/conversations", {"language": language} if language else {})
        if response.status_code != 200:
            raise TrolyError(f"{self.url} did not open a conversation: {_reason(response)}")
        opened = response.json()
        self._token = opened["token"]
        return Exchange(tuple(opened["greeting"]), time.monotonic() - started)

    def say(self, text: str) -> Exchange:
        """Send a text and wait for its answer."""
        return self._send({"text": text})

    def press(self, payload: str) -> Exchange:
        """Press the button with this payload and wait for the answer."""
        return self._send({"payload": payload})

    def _send(self, content: dict[str, str]) -> Exchange:
        started = time.monotonic()
        body = {**content, "client_id": uuid4().hex}
        while True:
            # The same client_id is the same message: asking again only waits longer for its answer.
            response = self._post("/api/v1/messages?wait=true", body)
            seconds = time.monotonic() - started
            if response.status_code == 200:
                return Exchange(tuple(response.json()["replies"]), seconds)
            if response.status_code != 202:
                return Exchange((), seconds, _reason(response))
            if seconds > self.patience:
                return Exchange((), seconds, f"no answer within {seconds:.0f} s")

    def _post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        deadline = time.monotonic() + self.patience
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        while True:
            try:
                response = self.http.post(self.url.rstrip("/") + path, json=body, headers=headers)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise TrolyError(
                    f"no gateway answers at {self.url} ({type(error).__name__}); start it with: troly serve"
                ) from None
            self._token = response.headers.get("X-Token", self._token)
            pause = _seconds(response.headers.get("Retry-After", ""))
            if response.status_code != 429 or pause is None or time.monotonic() + pause > deadline:
                return response
            time.sleep(pause)


def code_of(payload: str) -> str | None:
    """The procedure code that a button's payload names, as in /ask_fee{"procedure_code": "1.001193"}."""
    _, brace, rest = payload.partition("{")
    try:
        content = json.loads(brace + rest) if brace else {}
    except ValueError:
        return None
    code = content.get("procedure_code")
    return code if isinstance(code, str) else None


def _seconds(text: str) -> float | None:
    return float(text) if text.isdigit() else None


def _reason(response: httpx.Response) -> str:
    try:
        problem = response.json()["error"]
        return f"{response.status_code} {problem['code']}: {problem['message_en']}"
    except (ValueError, KeyError, TypeError):
        return f"status {response.status_code}"
