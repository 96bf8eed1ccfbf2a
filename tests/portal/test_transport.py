"""The way over aiohttp carries what the one over httpx carries, and fails as it fails."""

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

from portal.errors import PortalProtocolError
from portal.http import Http
from portal.transport import MAX_BODY, Direct, OverHttpx, Transport, question

Answering = Callable[[bytes], bytes]


class Server:
    """Answers each request on kept connections, and keeps what it was sent."""

    def __init__(self, answer: Answering) -> None:
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
async def serving(answer: Answering) -> AsyncIterator[tuple[Server, str]]:
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
async def way(request: pytest.FixtureRequest) -> AsyncIterator[Transport]:
    """Either of the two."""
    kind = Direct if request.param == "ours" else OverHttpx
    made: Transport = kind(0.5, {"User-Agent": "test", "Accept": "application/json"}, trust_env=False)
    yield made
    await made.aclose()


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


async def test_a_question_arrives_whole(way: Transport) -> None:
    async with serving(lambda _: reply()) as (server, url):
        await way.ask(
            question("GET", f"{url}/a%20b", query={"x": "đ&", "y": "1"}, headers={"If-None-Match": '"e"'})
        )
        await way.ask(question("POST", f"{url}/j", body={"tên": "Lan"}))
        await way.ask(question("POST", f"{url}/f", form={"user": "a b", "secret": "ú"}))
        await way.ask(question("POST", f"{url}/e"))
        await way.ask(question("GET", f"{url}/đ?q=a b"))
    first, *posted, last = server.seen
    assert first.startswith(b"GET /a%20b?x=%C4%91%26&y=1 HTTP/1.1\r\n")
    assert last.startswith(b"GET /%C4%91?q=a%20b HTTP/1.1\r\n")
    assert headers_of(first)[b"if-none-match"] == b'"e"'
    assert headers_of(first)[b"host"] == url.removeprefix("http://").encode()
    assert headers_of(first)[b"user-agent"] == b"test"
    kinds = [(headers_of(one).get(b"content-type"), one.partition(b"\r\n\r\n")[2]) for one in posted]
    assert kinds == [
        (b"application/json", '{"tên":"Lan"}'.encode()),
        (b"application/x-www-form-urlencoded", b"user=a+b&secret=%C3%BA"),
        (None, b""),
    ]
    names = {b"host", b"accept", b"accept-encoding", b"connection", b"user-agent"}
    assert set(headers_of(first)) == names | {b"if-none-match"}
    assert server.connections == 1, "the connection is kept"


async def test_an_answer_comes_whole(way: Transport) -> None:
    packed = gzip.compress(b"x" * 100_000)
    headers = 'Content-Encoding: gzip\r\nETag: "1"\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n'
    async with serving(lambda _: reply(packed, headers, "201 Created")) as (server, url):
        answer = await way.ask(question("GET", url))
        assert (answer.status, answer.body) == (201, b"x" * 100_000)
        assert answer.headers["etag"] == answer.headers["ETag"] == '"1"'
        await way.ask(question("GET", url))
    assert headers_of(server.seen[1])[b"cookie"] == b"a=1; b=2"


async def test_what_was_packed_badly_is_told_apart(way: Transport) -> None:
    async with serving(lambda _: reply(b"no gzip", "Content-Encoding: gzip\r\n")) as (_, url):
        with pytest.raises(httpx.DecodingError):
            await way.ask(question("GET", url))


@pytest.mark.parametrize("packed", [False, True])
async def test_too_long_an_answer_is_refused_also_where_it_was_packed(way: Transport, packed: bool) -> None:
    long = b"x" * (MAX_BODY + 1)
    sent = reply(gzip.compress(long), "Content-Encoding: gzip\r\n") if packed else reply(long)
    async with serving(lambda _: sent) as (_, url):
        with pytest.raises(PortalProtocolError):
            await way.ask(question("GET", url))


async def test_chunks_come_as_they_are_sent_and_redirections_are_not_followed(way: Transport) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: /other\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunked = head + b"3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"
    async with serving(lambda _: chunked) as (server, url):
        answer = await way.ask(question("GET", url))
    assert (answer.status, answer.body, answer.headers["location"]) == (302, b"abcd", "/other")
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
async def test_bad_answers_are_the_same_errors(way: Transport, sent: bytes, error: type[Exception]) -> None:
    async with serving(lambda _: sent) as (_, url):
        with pytest.raises(error):
            await way.ask(question("GET", url))


async def test_what_cannot_be_reached_or_sent_is_an_error_of_the_way(way: Transport) -> None:
    for address in ("http://127.0.0.1:1/", "http://no-such-host.invalid/", "ftp://127.0.0.1/"):
        with pytest.raises(httpx.TransportError):
            await way.ask(question("GET", address))
    async with serving(lambda _: reply()) as (_, url):
        with pytest.raises(httpx.TransportError):
            await way.ask(question("GET", url, headers={"X-Odd": "a\r\nb: c"}))


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    way: Transport, certificate: ssl.SSLContext
) -> None:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=certificate)
    with pytest.raises(httpx.ConnectError):
        await way.ask(question("GET", f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
    server.close()


@pytest.mark.parametrize("gone", [False, True])
async def test_an_answer_that_is_given_up_closes_its_connection(way: Transport, gone: bool) -> None:
    """Too long, or the one who asked is gone."""
    long = f"HTTP/1.1 200 OK\r\nContent-Length: {2 * MAX_BODY}\r\n\r\n".encode()
    long += b"abc" if gone else b"x" * (MAX_BODY + 1)
    async with serving(lambda head: long if b"/long" in head else reply()) as (server, url):
        with pytest.raises((TimeoutError, PortalProtocolError)):
            async with asyncio.timeout(0.2 if gone else 5):
                await way.ask(question("GET", f"{url}/long"))
        assert (await way.ask(question("GET", url))).status == 200
    assert server.connections == 2


async def test_a_connection_that_the_server_closed_is_opened_again(way: Transport) -> None:
    async with serving(lambda _: reply(headers="Connection: close\r\n")) as (server, url):
        for _ in range(2):
            assert (await way.ask(question("GET", url))).status == 200
    assert server.connections == 2


@pytest.mark.parametrize(
    ("address", "proxy", "expected"),
    [
        ("http://portal.example", "", Direct),
        ("http://portal.example", "http://proxy.example:3128", OverHttpx),
        ("http://127.0.0.1:1", "http://proxy.example:3128", Direct),
    ],
)
async def test_a_proxy_of_the_environment_is_left_to_httpx(
    monkeypatch: pytest.MonkeyPatch, address: str, proxy: str, expected: type
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    if proxy:
        monkeypatch.setenv("http_proxy", proxy)
    http = Http(address)
    assert type(http._transport) is expected
    await http.aclose()


async def test_a_step_has_its_own_limit_and_the_connection_is_not_used_again(way: Transport) -> None:
    late = {b"/late": b""}
    async with serving(lambda head: late.get(head.split()[1], reply())) as (server, url):
        with pytest.raises(httpx.ReadTimeout):
            await way.ask(question("GET", f"{url}/late"))
        assert (await way.ask(question("GET", url))).status == 200
    assert server.connections == 2
