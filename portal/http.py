"""The one way to ask an outside portal: pooled, bounded in time and size, retried only where safe."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import httpx
import structlog

from portal.breaker import Breaker
from portal.errors import PortalProtocolError, PortalRejected, PortalUnavailable
from portal.transport import Answer, Direct, OverHttpx, Question, Transport, question
from troly import telemetry, trace

log = structlog.get_logger()

# The national portal's firewall answers a short User-Agent with an HTML page.
USER_AGENT = (
    "Mozilla/5.0 (compatible; TroLy/0.1; Tro Ly, assistant for citizens of a provincial administration) "
    "python-httpx/0.28"
)
_HEADERS = {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Language": "vi"}
_RETRIED = frozenset({429, 502, 503, 504})
_NOT_MODIFIED = 304
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Http:
    """Questions to one host. Every question is a read, so that repeating it does no harm.

    timeout: seconds for one attempt, from connecting to the last byte. attempts: at most that many, and only
    after errors that say "not now" (no connection, 429, 502, 503, 504); a time-out is not repeated, because
    the citizen has already waited. longest_wait: seconds between two attempts, also where Retry-After asks
    for more (then the error is given at once).
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout: float = 6.0,
        attempts: int = 3,
        longest_wait: float = 2.0,
        breaker: Breaker | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.breaker = breaker or Breaker()
        self._host = urlsplit(self.base_url).hostname or ""
        self._timeout = timeout
        self._attempts = max(1, attempts)
        self._longest_wait = longest_wait
        self._transport = _transport(self._host, timeout, transport)

    async def aclose(self) -> None:
        """Close the pooled connections."""
        await self._transport.aclose()

    async def json(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The answer's JSON value. path may also be a whole address.

        Raises PortalUnavailable, PortalProtocolError or PortalRejected (see portal.errors).
        """
        url = path if "://" in path else self.base_url + path
        asked = question(method, url, query=query, body=body, form=form, headers=headers)
        return (await self._exchange(asked))[0]

    async def json_unless(
        self, etag: str, path: str, *, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[Any, str]:
        """What GET answers and its ETag; (None, etag) where it is still the one with this ETag.

        Raises as json() does.
        """
        condition = {"If-None-Match": etag} if etag else {}
        url = path if "://" in path else self.base_url + path
        asked = question("GET", url, query=query, headers={**headers, **condition})
        value, answer = await self._exchange(asked, unchanged=bool(etag))
        return value, etag if answer.status == _NOT_MODIFIED else answer.headers.get("etag", "")

    async def _exchange(self, asked: Question, *, unchanged: bool = False) -> tuple[Any, Answer]:
        """The value and the answer that carries it; `unchanged` allows an empty answer 304."""
        try:
            answer = await self._ask(asked)
            value = None if unchanged and answer.status == _NOT_MODIFIED else _decode(answer)
        except PortalUnavailable as error:
            if error.reason != "breaker":
                self.breaker.failed()
            path = urlsplit(asked.url).path
            log.warning("portal_unavailable", host=self._host, path=path, reason=error.reason)
            raise
        except PortalRejected:
            self.breaker.succeeded()
            raise
        self.breaker.succeeded()
        return value, answer

    async def _ask(self, asked: Question) -> Answer:
        if not self.breaker.allows():
            raise PortalUnavailable(
                "breaker", f"{self._host} failed several times and is left alone for a moment"
            )
        started = time.monotonic()
        for attempt in range(1, self._attempts + 1):
            last = attempt == self._attempts
            try:
                with telemetry.span("portal", host=self._host):
                    answer = await self._attempt(asked)
            except PortalUnavailable as error:
                if error.reason != "connection" or last or time.monotonic() - started > self._timeout:
                    raise
                wait: float | None = None
            else:
                if answer.status not in _RETRIED or last or time.monotonic() - started > self._timeout:
                    return answer
                wait = _retry_after(answer.headers)
                if wait is not None and wait > self._longest_wait:
                    return answer
            # Jitter, or else all citizens' questions come back in the same moment.
            await asyncio.sleep(wait if wait is not None else random.uniform(0.1, 0.3) * attempt)  # noqa: S311
        raise AssertionError("unreachable")

    async def _attempt(self, asked: Question) -> Answer:
        traced = trace.portal_headers()
        try:
            started = time.monotonic()
            # The transport counts the time between two chunks; a server that drips would hold us for ever.
            async with asyncio.timeout(self._timeout):
                answer = await self._transport.ask(
                    replace(asked, headers={**asked.headers, **traced}) if traced else asked
                )
            if trace.current():  # for a citizen; and not the address, which may hold an application's code
                ms = round((time.monotonic() - started) * 1000)
                log.info("portal", host=self._host, status=answer.status, ms=ms)
            return answer
        except (TimeoutError, httpx.TimeoutException):
            raise PortalUnavailable(
                "timeout", f"{self._host} did not answer within {self._timeout:g} s"
            ) from None
        except httpx.DecodingError as error:
            raise PortalProtocolError(f"{self._host}: {error}") from None
        except httpx.TransportError as error:
            raise PortalUnavailable("connection", f"{self._host} is not reachable ({error})") from None


def _transport(host: str, timeout: float, given: httpx.AsyncBaseTransport | None) -> Transport:
    # A proxy that the environment names never leads to this machine; others are left to httpx.
    outside = host not in LOOPBACK
    if given is not None or (outside and getproxies()):
        return OverHttpx(timeout, _HEADERS, given, trust_env=outside)
    return Direct(timeout, _HEADERS, trust_env=outside)


def _decode(answer: Answer) -> Any:
    if answer.status == 429 or answer.status >= 500:
        raise PortalUnavailable("server", f"the portal answered {answer.status}")
    if answer.status >= 400:
        raise PortalRejected(answer.status, f"the portal refused the question ({answer.status})")
    if answer.status >= 300:
        raise PortalProtocolError(f"the portal answered {answer.status}, a redirection")
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        kind = answer.headers.get("content-type", "no type").split(";")[0]
        raise PortalProtocolError(f"the portal answered {kind} that is not JSON") from None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds; a date instead of a number is treated as absent."""
    try:
        return max(0.0, float(headers.get("retry-after", "")))
    except ValueError:
        return None
