"""HTTP to Rasa, kept open. On aiohttp: each message is a request, for which httpx takes ten times as long."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import aiohttp

CONNECTING = 2.0
"""Seconds for a connection; both are on one network."""

_KEPT = 2.0
"""Seconds. Sanic closes a silent connection after 5: leave it before, lest a message meets the closing."""


class WireError(Exception):
    """No answer; what was sent may have been read."""


class Late(WireError):
    """Not in time."""


class NotReached(WireError):
    """Surely nothing was read: there was no connection."""


class Refused(NotReached):
    """Nobody listens there."""


class Wire:
    """Connections to the Rasa processes; one for a gateway. Opens none before the first request."""

    def __init__(self) -> None:
        """To be closed with close()."""
        self._opened: aiohttp.ClientSession | None = None

    async def post(
        self, address: str, body: object, seconds: float, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Status and body of the answer to JSON. Raises WireError."""
        sent = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        with _errors():
            async with self._session().post(
                address,
                data=sent,
                headers={"Content-Type": "application/json", **(headers or {})},
                timeout=_limit(seconds),
                allow_redirects=False,
            ) as response:
                return response.status, await response.read()

    async def status(self, address: str, seconds: float) -> int:
        """The status of an address. Raises WireError."""
        with _errors():
            async with self._session().get(
                address, timeout=_limit(seconds), allow_redirects=False
            ) as response:
                return response.status

    async def close(self) -> None:
        """Close all connections."""
        if self._opened is not None:
            await self._opened.close()

    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:  # needs the event loop that uses it
            self._opened = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEPT),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._opened


def _limit(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds, sock_connect=min(CONNECTING, seconds))


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except aiohttp.ClientConnectorError as error:
        raise Refused from error
    except aiohttp.ConnectionTimeoutError as error:
        raise NotReached from error
    except TimeoutError as error:
        raise Late from error
    except (aiohttp.ClientError, OSError) as error:
        raise WireError from error
