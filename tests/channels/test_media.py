"""Pictures and recordings: fetched only from where they may come from, kept once, deleted with the rest."""

from __future__ import annotations

import asyncio
import gzip
import os
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from channels import conversations, erasing, media
from channels.errors import MediaError
from channels.media import MediaStore
from channels.store import Store
from troly.database import async_engine, engine
from troly.settings import Settings
from troly.tables import Base

HOSTS = {"zdn.vn"}
JPEG = b"\xff\xd8\xff\xe0 a picture"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    made = engine(url)
    Base.metadata.create_all(made)
    made.dispose()
    database = async_engine(url)
    store = Store(database)
    for identity in ("a", "b"):
        await conversations.begin(store, identity, "push", "vi", [])
    yield store
    await database.dispose()


@pytest.fixture
async def make(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[..., MediaStore]]:
    """A media store before a scripted internet: names -> addresses, and what they answer."""
    clients: list[httpx.AsyncClient] = []

    def making(answer: Any = None, addresses: dict[str, list[str]] | None = None, **given: Any) -> MediaStore:
        def handle(request: httpx.Request) -> httpx.Response:
            if callable(answer):
                return answer(request)
            return httpx.Response(200, content=JPEG, headers={"Content-Type": "image/jpeg; x=y"})

        async def resolve(host: str, *_: Any, **__: Any) -> list[Any]:
            found = (addresses or {}).get(host, ["203.0.113.7"])
            return [(0, 0, 0, "", (address, 443)) for address in found]

        http = httpx.AsyncClient(transport=httpx.MockTransport(handle), trust_env=False)
        clients.append(http)
        monkeypatch.setattr(media, "_resolve", resolve)
        settings = Settings(_env_file=None, data_dir=tmp_path, **given)  # type: ignore[call-arg]
        return MediaStore(store, http, settings)

    yield making
    for client in clients:
        await client.aclose()


async def fetched(store: MediaStore, url: str, limit: int = 1000) -> tuple[bytes, str]:
    return await store.download(url, hosts=HOSTS, limit_bytes=limit)


async def test_a_picture_is_fetched_by_the_address_that_was_checked(make: Any) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=JPEG, headers={"Content-Type": "image/jpeg; x=y"})

    store = make(answer, {"photo.zdn.vn": ["8.8.8.8"]})
    assert await fetched(store, "https://photo.zdn.vn/a.jpg?x=1") == (JPEG, "image/jpeg")
    (request,) = seen
    assert str(request.url) == "https://8.8.8.8/a.jpg?x=1"
    assert request.headers["host"] == "photo.zdn.vn"
    assert request.extensions["sni_hostname"] == "photo.zdn.vn"


@pytest.mark.parametrize(
    "url",
    [
        "http://photo.zdn.vn/a",
        "https://zdn.vn.evil.example/a",
        "https://evilzdn.vn/a",
        "https://evil.example/zdn.vn",
        "https://zdn.vn@evil.example/a",
        "https://user@photo.zdn.vn/a",
        "https://photo.zdn.vn:8443/a",
        "https://127.0.0.1/a",
        "file:///etc/passwd",
        "//photo.zdn.vn/a",
        "https://",
        "not an address",
        "https://[::1]/a",
    ],
)
async def test_other_addresses_are_not_called(make: Any, url: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"called {request.url}")

    with pytest.raises(MediaError):
        await fetched(make(answer, {"photo.zdn.vn": ["8.8.8.8"]}), url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "192.168.1.1",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fd00::1",
        "fec0::1",
        "ff02::1",
        # Ways to 127.0.0.1 through an IPv6 address.
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
async def test_an_allowed_name_with_a_private_address_is_not_called(make: Any, address: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"called {request.url}")

    with pytest.raises(MediaError, match="forbidden_address"):
        await fetched(make(answer, {"photo.zdn.vn": ["8.8.8.8", address]}), "https://photo.zdn.vn/a")


async def test_a_redirect_is_followed_only_to_where_one_may_go(make: Any) -> None:
    targets = {
        "/moved": "https://other.zdn.vn/there",
        "/away": "https://evil.example/there",
        "/inside": "http://127.0.0.1:5005/status",
        "/round": "https://photo.zdn.vn/round",
    }

    def answer(request: httpx.Request) -> httpx.Response:
        if target := targets.get(request.url.path):
            return httpx.Response(302, headers={"Location": target})
        assert request.headers["host"] == "other.zdn.vn"
        return httpx.Response(200, content=JPEG)

    public = {"photo.zdn.vn": ["8.8.8.8"], "other.zdn.vn": ["8.8.4.4"]}
    store = make(answer, public)
    assert (await fetched(store, "https://photo.zdn.vn/moved"))[0] == JPEG
    for path in ("/away", "/inside", "/round"):
        with pytest.raises(MediaError):
            await fetched(store, f"https://photo.zdn.vn{path}")


async def test_the_operators_own_address_may_be_near_and_without_tls(make: Any) -> None:
    store = make(zalo_bot_api="http://127.0.0.1:9001")
    assert (await fetched(store, "http://127.0.0.1:9001/file/a.jpg"))[0] == JPEG
    with pytest.raises(MediaError):
        await fetched(store, "http://127.0.0.1:9002/file/a.jpg")


async def test_what_is_too_large_is_given_up_while_it_comes(make: Any) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 100
            yield b"x" * 100

    store = make(lambda _request: httpx.Response(200, content=endless()), {"zdn.vn": ["8.8.8.8"]})
    with pytest.raises(MediaError, match="too_large"):
        await fetched(store, "https://zdn.vn/a", limit=1000)
    assert sent < 2000


async def test_an_answer_that_would_unpack_is_not_unpacked(make: Any) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["accept-encoding"] == "identity"
        return httpx.Response(200, stream=_Bytes(bomb), headers={"Content-Encoding": "gzip"})

    with pytest.raises(MediaError, match="compressed"):
        await fetched(make(answer, {"zdn.vn": ["8.8.8.8"]}), "https://zdn.vn/a", limit=10**9)


async def test_a_name_that_changes_its_address_is_asked_for_once(make: Any, monkeypatch: Any) -> None:
    """DNS rebinding: public when checked, ours when called. Only what was checked is called."""
    called: list[str] = []
    answers = iter(["8.8.8.8", "127.0.0.1"])

    def answer(request: httpx.Request) -> httpx.Response:
        called.append(request.url.host)
        return httpx.Response(200, content=JPEG)

    store = make(answer)

    async def rebinding(_host: str) -> list[Any]:
        return [(0, 0, 0, "", (next(answers), 443))]

    monkeypatch.setattr(media, "_resolve", rebinding)
    await fetched(store, "https://photo.zdn.vn/a")
    with pytest.raises(MediaError, match="forbidden_address"):
        await fetched(store, "https://photo.zdn.vn/a")
    assert called == ["8.8.8.8"]


async def test_a_host_that_drips_is_given_up(make: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(media, "_SECONDS", 0.2)

    async def dripping() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await asyncio.sleep(0.02)

    store = make(lambda _request: httpx.Response(200, content=dripping()), {"zdn.vn": ["8.8.8.8"]})
    with pytest.raises(MediaError, match="away:TimeoutError"):
        await fetched(store, "https://zdn.vn/a", limit=10**9)


class _Bytes(httpx.AsyncByteStream):
    """A body that is sent as it is."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_an_address_that_gives_nothing_is_an_error(make: Any, status: int) -> None:
    store = make(lambda _request: httpx.Response(status), {"zdn.vn": ["8.8.8.8"]})
    with pytest.raises(MediaError, match=f"status_{status}"):
        await fetched(store, "https://zdn.vn/a")


async def test_a_connection_that_fails_is_our_error(make: Any) -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("token in here")

    with pytest.raises(MediaError) as caught:
        await fetched(make(answer, {"zdn.vn": ["8.8.8.8"]}), "https://zdn.vn/a")
    assert "token" not in str(caught.value)


async def test_the_same_content_is_one_file_that_only_its_owner_can_read(make: Any, tmp_path: Path) -> None:
    store = make()
    first = await store.keep(JPEG, "image/jpeg", conversation_id="a")
    again = await store.keep(JPEG, "image/jpeg", conversation_id="a")
    assert first == again and first.read() == JPEG
    (file,) = (tmp_path / "media").iterdir()
    assert file.name == first.sha256
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_file_goes_with_the_last_conversation_that_has_it(
    make: Any, store: Store, tmp_path: Path
) -> None:
    kept = make()
    stored = await kept.keep(JPEG, "image/jpeg", conversation_id="a")
    await kept.keep(JPEG, "image/jpeg", conversation_id="b")
    assert await erasing.erase(store, kept, "a")
    assert stored.path.exists()
    assert await erasing.erase(store, kept, "b")
    assert not stored.path.exists()


async def test_what_a_cut_off_erasure_left_is_swept(make: Any, tmp_path: Path) -> None:
    kept = make()
    stored = await kept.keep(JPEG, "image/jpeg", conversation_id="a")
    old, new = (tmp_path / "media" / (letter * 64) for letter in "01")
    for orphan in (old, new):
        orphan.write_bytes(b"left")
    for file in (old, stored.path):
        os.utime(file, (0, 0))
    assert await kept.sweep() == 1
    assert stored.path.exists() and new.exists() and not old.exists()


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (JPEG, "image/jpeg"),
        (b"\x89PNG\r\n\x1a\nx", "image/png"),
        (b"RIFF0000WEBPVP8 ", "image/webp"),
        (b"OggS\0", "audio/ogg"),
        (b"\0\0\0\x20ftypisom", "video/mp4"),
        (b"<html>", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_content_shows_its_type_itself(content: bytes, mime: str) -> None:
    assert media.kind_of(content) == mime
