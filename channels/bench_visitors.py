"""Who asks in a measurement: a visitor has one conversation and tells how each message went.

Another assistant is measured by giving it a Target of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from time import perf_counter
from types import TracebackType
from typing import Any, Protocol, Self
from uuid import uuid4

import httpx

from troly.errors import TrolyError

PATIENCE = 60.0
"""Seconds after which a message counts as unanswered."""

_REQUEST = 45.0
"""The gateway answers 202 after 30 s without an answer."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one message went: seconds until its answer, the answer's status, why it counts as failed."""

    seconds: float
    status: str = ""
    failure: str = ""


class Visitor(Protocol):
    """One conversation."""

    async def ask(self, text: str) -> Outcome:
        """Send a text and wait for the whole answer. Never raises for a failure of the other side."""


class Target(Protocol):
    """What is measured."""

    async def visitor(self) -> Visitor:
        """A new conversation. Raises TrolyError when it cannot be opened."""


class PublicApi(AbstractAsyncContextManager["PublicApi"]):
    """The assistant behind its public API. Use as an asynchronous context manager."""

    def __init__(self, url: str) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        self._http = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            timeout=_REQUEST,
            trust_env=False,
            limits=limits,
            verify=False,  # noqa: S501
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def visitor(self) -> Visitor:
        """A new conversation in Vietnamese. Raises TrolyError when it is refused."""
        try:
            response = await self._http.post("/api/v1/conversations", json={"language": "vi"})
        except httpx.HTTPError as error:
            raise TrolyError(
                f"no gateway answers at {self._http.base_url} ({type(error).__name__}); "
                "start it with: troly serve"
            ) from None
        if response.status_code != 200:
            raise TrolyError(
                f"no conversation could be opened ({refusal(response)}); "
                "a gateway that is measured needs a high CONVERSATIONS_PER_HOUR"
            )
        return _Citizen(self._http, response.json()["token"])


class _Citizen:
    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self._http = http
        self._token = token

    async def ask(self, text: str) -> Outcome:
        """A text with durable delivery: stored, answered by a worker, the answer stored."""
        started = perf_counter()
        body = {"text": text, "client_id": uuid4().hex}
        while True:
            # Asked again with the same client_id it is the same message, which only waits longer.
            try:
                response = await self._http.post(
                    "/api/v1/messages?wait=true",
                    json=body,
                    headers={"Authorization": f"Bearer {self._token}"},
                )
            except httpx.HTTPError as error:
                return Outcome(perf_counter() - started, failure=f"connection: {type(error).__name__}")
            seconds = perf_counter() - started
            self._token = response.headers.get("X-Token", self._token)
            if response.status_code == 200:
                return _judged(response, seconds)
            if response.status_code != 202:
                return Outcome(seconds, failure=refusal(response))
            if seconds > PATIENCE:
                return Outcome(seconds, failure="no answer in time")


def _judged(response: httpx.Response, seconds: float) -> Outcome:
    try:
        replies: list[Mapping[str, Any]] = response.json()["replies"]
        records = [reply["answer"] for reply in replies if reply.get("answer")]
        status = str(records[-1]["status"]) if records else ""
        spoken = any(str(reply.get("text") or "").strip() for reply in replies)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Outcome(seconds, failure="answer in another form")
    if not spoken:
        return Outcome(seconds, status, "empty reply")
    if len(records) != 1:
        return Outcome(seconds, status, f"{len(records)} answer records")
    return Outcome(seconds, status)


def refusal(response: httpx.Response) -> str:
    """A refused request in two words: its status and the code that the gateway gives."""
    try:
        return f"{response.status_code} {response.json()['error']['code']}"
    except (ValueError, KeyError, TypeError):
        return f"status {response.status_code}"
