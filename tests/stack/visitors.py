"""A citizen's page talking to the public API, strict about what every turn must be."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import dataclass
from typing import Any, Self
from uuid import uuid4

import httpx

STATUSES = frozenset(
    {
        "answered",
        "clarify",
        "not_found",
        "portal_unavailable",
        "out_of_scope",
        "refused",
        "handed_over",
        "form",
        "smalltalk",
        "error",
    }
)
PATIENCE = 180.0
"""Seconds until a test gives up; other programs may use the machine at the same time."""

_addresses = itertools.count(1)


@dataclass(frozen=True)
class Turn:
    """The replies to one message."""

    replies: list[dict[str, Any]]

    @property
    def text(self) -> str:
        """All that is said."""
        return "\n".join(reply["text"] for reply in self.replies)

    @property
    def answer(self) -> dict[str, Any]:
        """The answer record; every turn has exactly one."""
        (record,) = [reply["answer"] for reply in self.replies if reply["answer"]]
        assert record["status"] in STATUSES, record
        return dict(record)

    @property
    def status(self) -> str:
        """What the turn came to."""
        return str(self.answer["status"])

    @property
    def about(self) -> tuple[str | None, str | None]:
        """Procedure and aspect of the answer."""
        return self.answer["procedure_code"], self.answer["aspect"]

    @property
    def languages(self) -> set[str]:
        """The languages of the replies."""
        return {reply["language"] for reply in self.replies}

    @property
    def buttons(self) -> list[dict[str, str]]:
        """All buttons, in order."""
        return [button for reply in self.replies for button in reply["buttons"]]


class Visitor:
    """One conversation, from an address of its own."""

    def __init__(self, base: str, language: str | None = None) -> None:
        number = next(_addresses)
        self.http = httpx.Client(
            base_url=base,
            timeout=60,
            trust_env=False,
            # The gateway believes a proxy on this machine.
            headers={"X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"},
        )
        opened = self.http.post("/api/v1/conversations", json={"language": language} if language else {})
        assert opened.status_code == 200, opened.text
        self.id: str = opened.json()["conversation_id"]
        self.greeting = Turn(opened.json()["greeting"])
        self.http.headers["Authorization"] = f"Bearer {opened.json()['token']}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def post(self, body: dict[str, Any] | bytes, *, wait: bool = True) -> httpx.Response:
        """Send a message's body as it is; an object gets a client_id."""
        content = body
        if isinstance(body, dict):
            # Also what no proper JSON writer writes: lone surrogates, NaN.
            content = json.dumps({"client_id": uuid4().hex} | body).encode()
        assert isinstance(content, bytes)
        return self.http.post(
            "/api/v1/messages",
            params={"wait": "true"} if wait else {},
            content=content,
            headers={"Content-Type": "application/json"},
        )

    def say(self, text: str) -> Turn:
        """Send a text and wait for its answer."""
        return self._answered({"text": text})

    def press(self, payload: str) -> Turn:
        """Press the button with this payload and wait for the answer."""
        return self._answered({"payload": payload})

    def transcript(self) -> list[dict[str, Any]]:
        """Everything said so far."""
        response = self.http.get("/api/v1/conversation")
        assert response.status_code == 200, response.text
        lines: list[dict[str, Any]] = response.json()["messages"]
        return lines

    def until_answered(self, text: str) -> Turn:
        """The answer to the last message with this text, which was sent without waiting."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            lines = self.transcript()
            at = max(number for number, line in enumerate(lines) if line["text"] == text)
            if lines[at]["state"] != "waiting":
                return Turn([line for line in lines[at + 1 :] if line["from"] == "bot"])
            time.sleep(0.2)
        raise AssertionError(f"no answer to {text!r}")

    def _answered(self, content: dict[str, str]) -> Turn:
        body = content | {"client_id": uuid4().hex}
        deadline = time.monotonic() + PATIENCE
        response = self.post(body)
        while response.status_code == 202 and time.monotonic() < deadline:
            response = self.post(body)  # the same message: waits on
        assert response.status_code == 200, (content, response.status_code, response.text)
        turn = Turn(response.json()["replies"])
        assert turn.replies and all(reply["text"].strip() for reply in turn.replies), (content, turn)
        assert turn.status in STATUSES, (content, turn)
        return turn
