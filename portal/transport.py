"""How a question reaches a portal: over aiohttp, or, where a proxy leads there, over httpx.

httpx makes some forty objects for a question and takes three times the CPU of aiohttp, which has what it does
in C. Addresses, errors and compressed answers are httpx's on both ways.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import urlencode

import aiohttp
import httpx
from aiohttp.typedefs import URL  # type: ignore[attr-defined]  # an address that is not encoded again

from portal.errors import PortalProtocolError

MAX_BODY = 5 * 1024 * 1024
"""Bytes of an answer, unpacked."""
MOST = 20
"""Connections at a time; who comes later waits."""
KEPT = 20.0
"""Seconds that a connection stays open without a question."""
_LONGEST_HEADER = 64 * 1024

_BROKEN = (aiohttp.ClientResponseError, aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError)
_SET_BY_US = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a whole address, and the body as it is sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer: status, headers (whose names may be asked for in any case), body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def question(
    method: str,
    url: str,
    *,
    query: Mapping[str, str] | None = None,
    body: Any = None,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Question:
    """A question whose body is JSON, a form, or nothing."""
    made = dict(headers or {})
    content = b""
    if form is not None:
        content = urlencode(form).encode()
        made.setdefault("Content-Type", "application/x-www-form-urlencoded")
    elif body is not None:
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        made.setdefault("Content-Type", "application/json")
    address = str(httpx.URL(url).copy_merge_params(query)) if query is not None else _address(url)
    return Question(method, address, made, content)


@lru_cache(256)
def _address(url: str) -> str:
    return str(httpx.URL(url))


class Transport(Protocol):
    """A way to the portal. Whoever uses it bounds the time of the whole: here only each step is."""

    async def ask(self, asked: Question) -> Answer:
        """The answer, redirections included. Raises httpx.TransportError, httpx.DecodingError, and
        PortalProtocolError for more than MAX_BODY."""

    async def aclose(self) -> None:
        """Close all connections."""


class Direct:
    """Over aiohttp, without a proxy. Opens nothing before the first question."""

    def __init__(self, timeout: float, headers: Mapping[str, str], *, trust_env: bool = True) -> None:
        """`timeout`: seconds for each step. `trust_env`: SSL_CERT_FILE and SSL_CERT_DIR are believed."""
        self._headers = {"Accept-Encoding": "gzip, deflate", "Connection": "keep-alive", **headers}
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=timeout, sock_read=timeout)
        self._trust_env = trust_env
        self._opened: aiohttp.ClientSession | None = None
        self._certificates: ssl.SSLContext | None = None

    async def ask(self, asked: Question) -> Answer:
        with _as_httpx():
            answer = await self._session().request(
                asked.method,
                URL(asked.url, encoded=True),
                data=asked.body or None,
                headers={**self._headers, **asked.headers},
                skip_auto_headers=_SET_BY_US,
                allow_redirects=False,
                ssl=self._tls() if asked.url.startswith("https:") else True,
                timeout=self._timeout,
            )
            try:
                body = await whole(_unpacked(answer))
            finally:
                answer.release()  # which closes the connection where something is still to come
        return Answer(answer.status, answer.headers, body)

    async def aclose(self) -> None:
        if self._opened is not None:
            await self._opened.close()

    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:  # needs the event loop that uses it
            self._opened = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=MOST, keepalive_timeout=KEPT),
                cookie_jar=aiohttp.CookieJar(unsafe=True, quote_cookie=False),
                auto_decompress=False,
                max_line_size=_LONGEST_HEADER,
                max_field_size=_LONGEST_HEADER,
            )
        return self._opened

    def _tls(self) -> ssl.SSLContext:
        if self._certificates is None:
            self._certificates = httpx.create_ssl_context(trust_env=self._trust_env)
        return self._certificates


class OverHttpx:
    """Over httpx, which knows proxies; `transport` takes the place of its connections (tests)."""

    def __init__(
        self,
        timeout: float,
        headers: Mapping[str, str],
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        trust_env: bool = True,
    ) -> None:
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout),
            limits=httpx.Limits(max_connections=MOST, max_keepalive_connections=10, keepalive_expiry=KEPT),
            headers=dict(headers),
            trust_env=trust_env,
            transport=transport,
        )

    async def ask(self, asked: Question) -> Answer:
        request = self._client.build_request(
            asked.method, asked.url, content=asked.body or None, headers=dict(asked.headers)
        )
        response = await self._client.send(request, stream=True)
        try:
            return Answer(response.status_code, response.headers, await whole(response.aiter_bytes()))
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        await self._client.aclose()


async def whole(chunks: AsyncIterator[bytes]) -> bytes:
    """All of a body. Raises PortalProtocolError when it is longer than MAX_BODY."""
    found: list[bytes] = []
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > MAX_BODY:
            raise PortalProtocolError(f"the portal sent more than {MAX_BODY // 2**20} MB")
        found.append(chunk)
    return b"".join(found)


def _unpacked(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The body in pieces, as they come."""
    if "Content-Encoding" not in answer.headers:
        return answer.content.iter_any()
    packed = httpx.Response(answer.status, headers=answer.raw_headers, stream=_Packed(answer))
    return packed.aiter_bytes()


class _Packed(httpx.AsyncByteStream):
    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._answer.content.iter_any():
            yield chunk


@contextmanager
def _as_httpx() -> Iterator[None]:
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx.ConnectTimeout(str(error)) from error
    except aiohttp.ServerTimeoutError as error:
        raise httpx.ReadTimeout(str(error)) from error
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError(str(error)) from error
    except aiohttp.InvalidURL as error:
        raise httpx.UnsupportedProtocol(str(error)) from error
    except _BROKEN as error:
        raise httpx.RemoteProtocolError(str(error)) from error
    except (aiohttp.ClientError, OSError) as error:
        raise httpx.ReadError(str(error)) from error
    except ValueError as error:  # a header that cannot be sent
        raise httpx.LocalProtocolError(str(error)) from error
