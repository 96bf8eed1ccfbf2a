"""What citizens send besides words: fetched from the platform with care, kept as files.

The address of a picture comes from outside. So it is fetched only from the hosts that its platform is
known for, over TLS, from public addresses, and never further than an allowed redirect.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import socket
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any

import httpx
import structlog
from sqlalchemy import exists, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.errors import MediaError
from channels.store import Store
from troly.clock import now
from troly.settings import Settings
from troly.tables.channels import MediaRow, media_files

log = structlog.get_logger("media")

_SECONDS = 15.0
_REDIRECTS = 3
_SETTLED_SECONDS = 3600.0
_PLAIN = "application/octet-stream"
_PLAINLY = {"Accept-Encoding": "identity"}

PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class Stored:
    """Content that is kept."""

    sha256: str
    mime: str
    size: int
    path: Path

    def read(self) -> bytes:
        """The content."""
        return self.path.read_bytes()


class MediaStore:
    """The files in DATA_DIR/media, named by their content."""

    def __init__(self, store: Store, http: httpx.AsyncClient, settings: Settings) -> None:
        """`http` takes no proxy and follows no redirect. The folder is made with the first file."""
        self._store = store
        self._http = http
        self._folder = settings.data_dir / "media"
        # The operator named these; in tests and pilots they may be near and without TLS.
        self._own = {
            _origin(httpx.URL(api))
            for api in (settings.telegram_api, settings.zalo_oa_api, settings.zalo_bot_api)
        }

    async def download(self, url: str, *, hosts: Collection[str], limit_bytes: int) -> tuple[bytes, str]:
        """The content of an address and its media type, not kept.

        `hosts`: names that are allowed, each with all below it. Raises MediaError.
        """
        for _ in range(_REDIRECTS):
            try:
                target = httpx.URL(url)
                async with asyncio.timeout(_SECONDS):
                    response = await self._get(target, hosts, limit_bytes)
            except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
                raise MediaError(f"away:{type(error).__name__}") from None
            if isinstance(response, str):
                url = str(target.join(response))
                continue
            return response
        raise MediaError("too_many_redirects")

    async def keep(self, content: bytes, mime: str, *, conversation_id: str) -> Stored:
        """Store content for a conversation; the same content twice is one file."""
        name = hashlib.sha256(content).hexdigest()
        path = self._folder / name
        await asyncio.to_thread(_write, path, content)
        async with self._store.write() as connection:
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            await connection.execute(
                dialect.insert(MediaRow)
                .values(
                    sha256=name,
                    conversation_id=conversation_id,
                    mime=mime[:100],
                    size=len(content),
                    created_at=now(),
                )
                .on_conflict_do_nothing()
            )
        return Stored(name, mime, len(content), path)

    async def read(self, name: str, conversation_id: str) -> bytes | None:
        """The content of a file that is the conversation's own; None for any other."""
        async with self._store.read() as connection:
            own = await connection.scalar(
                select(exists().where(MediaRow.sha256 == name, MediaRow.conversation_id == conversation_id))
            )
        path = self._folder / name
        if not own or not path.is_file():
            return None
        return await asyncio.to_thread(path.read_bytes)

    async def of(self, connection: AsyncConnection, conversation_id: str) -> list[str]:
        """The files of a conversation, to discard() when its erasure is committed."""
        return await media_files(connection, conversation_id)

    async def discard(self, names: Sequence[str]) -> None:
        """Delete the files that no conversation refers to any more."""
        for name in names:
            async with self._store.read() as connection:
                used = await connection.scalar(select(exists().where(MediaRow.sha256 == name)))
            if not used:
                await asyncio.to_thread((self._folder / name).unlink, missing_ok=True)

    async def sweep(self) -> int:
        """Delete old files without a row, which an erasure that was cut off left; gives their number."""
        names = await asyncio.to_thread(_names, self._folder, time() - _SETTLED_SECONDS)
        async with self._store.read() as connection:
            known = {str(name) for (name,) in await connection.execute(select(MediaRow.sha256).distinct())}
        left = [name for name in names if name not in known]
        await self.discard(left)
        return len(left)

    async def _get(self, url: httpx.URL, hosts: Collection[str], limit_bytes: int) -> tuple[bytes, str] | str:
        """The content and its type, or where it has moved."""
        request = await self._request(url, hosts)
        response = await self._http.send(request, stream=True, follow_redirects=False)
        try:
            if response.has_redirect_location:
                return response.headers["location"]
            if response.status_code != 200:
                raise MediaError(f"status_{response.status_code}")
            if response.headers.get("content-encoding", "identity") != "identity":
                raise MediaError("compressed")  # we asked for none: a few bytes may unpack to any number
            content = bytearray()
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > limit_bytes:
                    raise MediaError("too_large")
            mime = response.headers.get("content-type", _PLAIN).partition(";")[0].strip().lower()
            return bytes(content), mime or _PLAIN
        finally:
            await response.aclose()

    async def _request(self, url: httpx.URL, hosts: Collection[str]) -> httpx.Request:
        """A request that goes to the very address that was checked, whatever its name means later."""
        if _origin(url) in self._own:
            return self._http.build_request("GET", url, headers=_PLAINLY, timeout=_SECONDS)
        host = url.host.lower().rstrip(".")
        if url.scheme != "https" or url.userinfo or url.port not in (None, 443):
            raise MediaError("forbidden_address")
        if not any(host == allowed or host.endswith("." + allowed) for allowed in hosts):
            raise MediaError("forbidden_host")
        address = await _public_address(host)
        return self._http.build_request(
            "GET",
            url.copy_with(host=address),
            headers={"Host": host, **_PLAINLY},
            timeout=_SECONDS,
            extensions={"sni_hostname": host},
        )


_SIGNATURES = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF8": "image/gif",
    b"OggS": "audio/ogg",
    b"ID3": "audio/mpeg",
    b"\xff\xfb": "audio/mpeg",
    b"\xff\xf1": "audio/aac",
    b"\xff\xf9": "audio/aac",
    b"%PDF-": PDF,
}


def kind_of(content: bytes) -> str:
    """The media type that content shows by its first bytes, whatever its sender says."""
    for signature, mime in _SIGNATURES.items():
        if content.startswith(signature):
            return mime
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return "video/mp4" if content[4:8] == b"ftyp" else _PLAIN


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


async def _public_address(host: str) -> str:
    """An address of the host, when all that it has are public. Raises MediaError."""
    found = await _resolve(host)
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(is_public(address) for address in addresses):
        raise MediaError("forbidden_address")
    return addresses[0]


# Addresses that lead on to an IPv4 address which nobody has checked (NAT64, 6to4, compatible), and site-local
# ones: Python calls all of these global.
_DETOURS = tuple(
    ipaddress.ip_network(one) for one in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "::/96", "fec0::/10")
)


def is_public(address: str) -> bool:
    """Whether an address belongs to one machine on the internet, and to no network behind it."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    detour = any(parsed.version == one.version and parsed in one for one in _DETOURS)
    return parsed.is_global and not (parsed.is_multicast or detour)


async def _resolve(host: str) -> list[Any]:
    return await asyncio.get_running_loop().getaddrinfo(host, 443, type=socket.SOCK_STREAM)


def _write(path: Path, content: bytes) -> None:
    if path.exists():
        path.touch()  # so that no sweep takes it for old before its row is there
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}.{id(content):x}")
    part.touch(mode=0o600)
    part.write_bytes(content)
    part.replace(path)  # whole or not at all


def _names(folder: Path, before: float) -> list[str]:
    files = folder.iterdir() if folder.is_dir() else ()
    return [file.name for file in files if len(file.name) == 64 and file.stat().st_mtime < before]
