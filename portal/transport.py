"""The wire below httpx, on aiohttp: httpx's own takes three times the CPU for a question and its answer.

What httpx does above it stays: addresses, cookies, compressed answers.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import httpx
from aiohttp.typedefs import URL  # type: ignore[attr-defined]  # an address that is not encoded again

_MOST = 20
"""Connections at a time; who comes later waits."""
_KEPT = 20.0
"""Seconds that a connection stays open without a question."""
_LONGEST_HEADER = 64 * 1024

_BROKEN = (aiohttp.ClientResponseError, aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError)
_SET_BY_HTTPX = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class Wire(httpx.AsyncBaseTransport):
    """Connections that are kept. Whoever uses it bounds the time of the whole: here only each step is."""

    def __init__(self, *, trust_env: bool = True) -> None:
        """Opens nothing. `trust_env`: SSL_CERT_FILE and SSL_CERT_DIR are believed."""
        self._trust_env = trust_env
        self._opened: aiohttp.ClientSession | None = None
        self._certificates: ssl.SSLContext | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it; the answer's body is still to be read. Raises httpx.TransportError."""
        seconds = request.extensions.get("timeout", {})
        headers = [
            (name, value)
            for name, value in request.headers.multi_items()
            if name not in ("content-length", "transfer-encoding")  # all is known, and aiohttp says how long
        ]
        content = await request.aread()
        with _as_httpx(request):
            answer = await self._session().request(
                request.method,
                URL(str(request.url), encoded=True),
                data=content or None,
                headers=headers,
                skip_auto_headers=_SET_BY_HTTPX,
                allow_redirects=False,
                ssl=self._tls() if request.url.scheme == "https" else True,
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=seconds.get("connect"), sock_read=seconds.get("read")
                ),
            )
        return httpx.Response(
            answer.status, headers=answer.raw_headers, stream=_Body(request, answer), request=request
        )

    async def aclose(self) -> None:
        """Close all connections."""
        if self._opened is not None:
            await self._opened.close()

    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:  # needs the event loop that uses it
            self._opened = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_MOST, keepalive_timeout=_KEPT),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                max_line_size=_LONGEST_HEADER,
                max_field_size=_LONGEST_HEADER,
            )
        return self._opened

    def _tls(self) -> ssl.SSLContext:
        if self._certificates is None:
            self._certificates = httpx.create_ssl_context(trust_env=self._trust_env)
        return self._certificates


class _Body(httpx.AsyncByteStream):
    """What comes of an answer, as it comes."""

    def __init__(self, request: httpx.Request, answer: aiohttp.ClientResponse) -> None:
        self._request = request
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx(self._request):
            async for chunk in self._answer.content.iter_any():
                yield chunk

    async def aclose(self) -> None:
        self._answer.release()  # which closes the connection where something is still to come


@contextmanager
def _as_httpx(request: httpx.Request) -> Iterator[None]:
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx.ConnectTimeout(str(error), request=request) from error
    except aiohttp.ServerTimeoutError as error:
        raise httpx.ReadTimeout(str(error), request=request) from error
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError(str(error), request=request) from error
    except aiohttp.InvalidURL as error:
        raise httpx.UnsupportedProtocol(str(error), request=request) from error
    except _BROKEN as error:
        raise httpx.RemoteProtocolError(str(error), request=request) from error
    except (aiohttp.ClientError, OSError) as error:
        raise httpx.ReadError(str(error), request=request) from error
    except ValueError as error:  # a header that cannot be sent
        raise httpx.LocalProtocolError(str(error), request=request) from error
