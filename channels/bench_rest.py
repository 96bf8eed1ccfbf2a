"""Visitors of stock Rasa, through its REST channel."""

from __future__ import annotations

import re
from contextlib import AbstractAsyncContextManager
from time import perf_counter
from types import TracebackType
from typing import Self
from uuid import uuid4

import httpx

from channels.bench_visitors import PATIENCE, Outcome, Visitor

_CODE = re.compile(r"\d\.\d{6}")


class RestChannel(AbstractAsyncContextManager["RestChannel"]):
    """Stock Rasa behind POST /webhooks/rest/webhook. Use as an asynchronous context manager."""

    def __init__(self, url: str, greeting: str) -> None:
        """`greeting` is what it says to a greeting."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        self._http = httpx.AsyncClient(base_url=url, timeout=PATIENCE, trust_env=False, limits=limits)
        self._greeting = greeting

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def visitor(self) -> Visitor:
        """A new conversation: to Rasa, a sender that it does not know yet."""
        return _Sender(self._http, self._greeting)


class _Sender:
    def __init__(self, http: httpx.AsyncClient, greeting: str) -> None:
        self._http = http
        self._greeting = greeting
        self._name = uuid4().hex

    async def ask(self, text: str) -> Outcome:
        """A text and its answer, of the connection that brought it: nothing is stored for later."""
        started = perf_counter()
        body = {"sender": self._name, "message": text}
        try:
            response = await self._http.post("/webhooks/rest/webhook", json=body)
        except httpx.HTTPError as error:
            return Outcome(perf_counter() - started, failure=f"connection: {type(error).__name__}")
        seconds = perf_counter() - started
        if response.status_code != 200:
            return Outcome(seconds, failure=f"status {response.status_code}")
        try:
            said = " ".join(" ".join(str(reply.get("text") or "") for reply in response.json()).split())
        except (ValueError, AttributeError):
            return Outcome(seconds, failure="answer in another form")
        return self._judged(text, said, seconds)

    def _judged(self, text: str, said: str, seconds: float) -> Outcome:
        """Stock Rasa has no answer records; what was asked for shows in the text."""
        if not said:
            return Outcome(seconds, failure="empty reply")
        if code := _CODE.search(text):
            return Outcome(seconds, "answered" if code[0] in said else "not_found")
        return Outcome(seconds, "smalltalk" if said == self._greeting else "out_of_scope")
