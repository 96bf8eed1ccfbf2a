"""The wire on aiohttp carries what httpx's own wire carries, and fails as it fails."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from portal.http import Http
from portal.transport import Wire

Answer = Callable[[bytes], bytes]


class Server:
    """Answers each request on kept connections, and keeps what it was sent."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.seen: list[bytes] = []
        self.connections = 0
        self.open: set[asyncio.StreamWriter] = set()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(headers_of(head).get(b"content-length", 0))
                self.seen.append(head + await reader.readexactly(length))
                writer.write(self._answer(head))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.open.discard(writer)


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[tuple[Server, str]]:
    server = Server(answer)
    listening = await asyncio.start_server(server, "127.0.0.1", 0)
    try:
        yield server, f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()
        for writer in server.open:
            writer.close()
        await asyncio.sleep(0.01)


def reply(body: bytes = b"{}", headers: str = "", status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


@pytest.fixture(params=["httpx", "ours"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    """A client on either wire."""
    wire = Wire(trust_env=False) if request.param == "ours" else httpx.AsyncHTTPTransport(trust_env=False)
    async with httpx.AsyncClient(transport=wire, timeout=0.5, headers={"User-Agent": "test"}) as made:
        yield made


@pytest.fixture
def certificate(tmp_path: Path) -> ssl.SSLContext:
    """A server's, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(today - timedelta(days=1)).not_valid_after(today + timedelta(days=1))
    written = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path / "certificate.pem"
    file.write_bytes(written + secret)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(file)
    return made


def headers_of(request: bytes) -> dict[bytes, bytes]:
    lines = request.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}


async def test_a_request_arrives_whole(client: httpx.AsyncClient) -> None:
    async with serving(lambda _: reply()) as (server, url):
        await client.get(f"{url}/a%20b", params={"x": "đ&", "y": "1"}, headers={"If-None-Match": '"e"'})
        await client.post(f"{url}/j", json={"tên": "Lan"})
        await client.post(f"{url}/f", data={"user": "a b", "secret": "ú"})
        await client.post(f"{url}/e")
    first, *posted = server.seen
    assert first.startswith(b"GET /a%20b?x=%C4%91%26&y=1 HTTP/1.1\r\n")
    assert headers_of(first)[b"if-none-match"] == b'"e"'
    assert headers_of(first)[b"host"] == url.removeprefix("http://").encode()
    kinds = [(headers_of(one).get(b"content-type"), one.partition(b"\r\n\r\n")[2]) for one in posted]
    assert kinds == [
        (b"application/json", '{"tên":"Lan"}'.encode()),
        (b"application/x-www-form-urlencoded", b"user=a+b&secret=%C3%BA"),
        (None, b""),
    ]
    names = {b"host", b"accept", b"accept-encoding", b"connection", b"user-agent"}
    assert names <= set(headers_of(first)) <= names | {b"if-none-match"}
    assert server.connections == 1, "the connection is kept"


async def test_an_answer_comes_whole(client: httpx.AsyncClient) -> None:
    packed = gzip.compress(b'{"a": "' + b"x" * 100_000 + b'"}')
    headers = 'Content-Encoding: gzip\r\nETag: "1"\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n'
    async with serving(lambda _: reply(packed, headers, "201 Created")) as (server, url):
        answer = await client.get(url)
        assert answer.status_code == 201 and len(answer.json()["a"]) == 100_000
        assert answer.headers["etag"] == '"1"'
        assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
        await client.get(url)
    assert headers_of(server.seen[1])[b"cookie"] == b"a=1; b=2"


async def test_chunks_come_as_they_are_sent_and_redirections_are_not_followed(
    client: httpx.AsyncClient,
) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: /other\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunked = head + b"3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"
    async with serving(lambda _: chunked) as (server, url):
        answer = await client.get(url)
    assert (answer.status_code, answer.content, answer.headers["location"]) == (302, b"abcd", "/other")
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"", httpx.ReadTimeout),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", httpx.ReadTimeout),
        (b"no http at all\r\n\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", httpx.RemoteProtocolError),
    ],
)
async def test_bad_answers_are_the_same_errors(
    client: httpx.AsyncClient, sent: bytes, error: type[Exception]
) -> None:
    async with serving(lambda _: sent) as (_, url):
        with pytest.raises(error):
            await client.get(url)


async def test_what_cannot_be_reached_or_sent_is_an_error_of_the_wire(client: httpx.AsyncClient) -> None:
    for address in ("http://127.0.0.1:1/", "http://no-such-host.invalid/", "ftp://127.0.0.1/"):
        with pytest.raises(httpx.TransportError):
            await client.get(address)
    async with serving(lambda _: reply()) as (_, url):
        with pytest.raises(httpx.TransportError):
            await client.get(url, headers={"X-Odd": "a\r\nb: c"})


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    client: httpx.AsyncClient, certificate: ssl.SSLContext
) -> None:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=certificate)
    with pytest.raises(httpx.ConnectError):
        await client.get(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    server.close()


async def test_an_answer_that_is_given_up_closes_its_connection(client: httpx.AsyncClient) -> None:
    long = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nabc"
    async with serving(lambda head: long if b"/long" in head else reply()) as (server, url):
        async with client.stream("GET", f"{url}/long") as answer:
            assert answer.status_code == 200
        assert (await client.get(url)).status_code == 200
    assert server.connections == 2


async def test_a_connection_that_the_server_closed_is_opened_again(client: httpx.AsyncClient) -> None:
    async with serving(lambda _: reply(headers="Connection: close\r\n")) as (server, url):
        for _ in range(2):
            assert (await client.get(url)).status_code == 200
    assert server.connections == 2


def wire_of(http: Http) -> str:
    return type(http._client._transport).__module__.partition(".")[0]


@pytest.mark.parametrize(
    ("address", "proxy", "expected"),
    [
        ("http://portal.example", "", "portal"),
        ("http://portal.example", "http://proxy.example:3128", "httpx"),
        ("http://127.0.0.1:1", "http://proxy.example:3128", "portal"),
    ],
)
async def test_a_proxy_of_the_environment_is_left_to_httpx(
    monkeypatch: pytest.MonkeyPatch, address: str, proxy: str, expected: str
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    if proxy:
        monkeypatch.setenv("http_proxy", proxy)
    http = Http(address)
    assert wire_of(http) == expected
    await http.aclose()


async def test_a_step_has_its_own_limit_and_the_connection_is_not_used_again(
    client: httpx.AsyncClient,
) -> None:
    late = {b"/late": b""}
    async with serving(lambda head: late.get(head.split()[1], reply())) as (server, url):
        with pytest.raises(httpx.ReadTimeout):
            await client.get(f"{url}/late")
        assert (await client.get(url)).status_code == 200
    assert server.connections == 2
