"""The widget's files: the full page at /, the framed one at /embed, scripts, styles."""

from __future__ import annotations

import gzip
import hashlib
import html
import mimetypes
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from channels.errors import ApiError

FOLDER = Path(__file__).parent / "widget"

_NAMES = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.(js|css|svg|png|ico|webmanifest)")
# Whole-line comments of our own scripts; they are a seventh of what a phone would load.
_COMMENTS = re.compile(rb"^[ \t]*(?:/\*\*.*?\*/|//[^\n]*)[ \t]*\n", re.MULTILINE | re.DOTALL)
_COMPRESSIBLE = {".html", ".js", ".css", ".svg", ".webmanifest"}

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    compressed: bytes | None
    etag: str
    media_type: str


@router.api_route("/", methods=["GET", "HEAD"])
async def full_page(request: Request) -> Response:
    """The assistant as a page of its own."""
    return _serve(request, "index.html")


@router.api_route("/embed", methods=["GET", "HEAD"])
async def embedded_page(request: Request) -> Response:
    """The assistant for a frame in another site."""
    return _serve(request, "embed.html")


@router.api_route("/{name}", methods=["GET", "HEAD"])
async def asset(request: Request, name: str) -> Response:
    """A script, style or picture of the widget."""
    if not _NAMES.fullmatch(name):
        raise ApiError(404, "not_found")
    return _serve(request, name)


def _serve(request: Request, name: str) -> Response:
    path = FOLDER / name
    try:
        stat = path.stat()
        file = _load(path, stat.st_mtime_ns, stat.st_size)
    except (FileNotFoundError, IsADirectoryError):
        raise ApiError(404, "not_found") from None
    # Pages are asked for anew each time; what they load may be a few minutes old.
    lifetime = "no-cache" if path.suffix == ".html" else "public, max-age=300, must-revalidate"
    headers = {"ETag": file.etag, "Cache-Control": lifetime, "Vary": "Accept-Encoding"}
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if file.etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    content = file.content
    if path.suffix == ".html":
        return Response(_filled(request, content), media_type=file.media_type, headers=headers)
    if file.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        content = file.compressed
        headers["Content-Encoding"] = "gzip"
    return Response(content, media_type=file.media_type, headers=headers)


def _filled(request: Request, page: bytes) -> bytes:
    """The page with the name of the province that runs the assistant."""
    province = request.app.state.gateway.settings.province
    return page.replace(b"{{province}}", html.escape(province).encode())


def served(path: Path) -> bytes:
    """What a browser gets of a file: scripts come without their comments."""
    content = path.read_bytes()
    return _COMMENTS.sub(b"", content) if path.suffix == ".js" else content


@lru_cache(maxsize=64)
def _load(path: Path, _changed: int, _size: int) -> _File:
    """Read a file; a changed one is read again, because its time or size differ."""
    content = served(path)
    compressed = gzip.compress(content, mtime=0) if path.suffix in _COMPRESSIBLE else None
    etag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
    return _File(content, compressed, etag, mimetypes.guess_type(path.name)[0] or "application/octet-stream")
