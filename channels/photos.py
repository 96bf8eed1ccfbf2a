"""A photo that a citizen sent: checked to be one, stripped of all but its pixels, its codes read.

What a phone writes into a picture (place, time, device) never reaches the disk. The code of an identity or
insurance card is recognised only to refuse the picture: nothing of it is kept or repeated.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from channels.errors import MediaError

if TYPE_CHECKING:
    from PIL import Image

SIZE_LIMIT = 5 * 1024 * 1024
"""Bytes of one photo."""

_PIXELS = 50_000_000
"""A phone's best photo; what unpacks to more is refused by its header, before it is unpacked."""

_SIDE = 2048
"""Pixels of the longer side as it is kept."""

_READ_SIDE = 2600
"""As its code is looked for: a receipt's QR code may be small."""

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")

# As printed by machines, so without the spellings that citizens use (portal/codes.py).
_APPLICATION = re.compile(
    r"(?<![0-9A-Z.])((?:\d{3}\.\d{2}\.\d{2}\.)?H\d{2}(?:\.\d{1,3}){0,2}-\d{6}-\d{4,5})(?!\d)", re.IGNORECASE
)
# Identity card: number|old number|name|ddmmyyyy|…; health insurance: DN4012345678901|…
_PERSONAL = re.compile(
    r"\s*(?:\d{12}\|(?:\d{9})?\||\d{9,12}\|[^|]+\|\d{8}\||[A-Z]{2}\d{13}\||\d{10}\|[0-9a-f]{4,}\|)",
    re.IGNORECASE,
)
_MACHINE_READABLE = re.compile(r"ID[A-Z]{3}\d{9}|P<[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Picture:
    """The photo as JPEG, upright, without metadata."""

    content: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ApplicationCode:
    """The code of an application was in it; the photo itself is of no more use."""

    code: str


@dataclass(frozen=True, slots=True)
class PersonalCard:
    """It shows an identity or insurance card: to be refused."""


Found = Picture | ApplicationCode | PersonalCard


async def read(content: bytes) -> Found:
    """What a photo is. Raises MediaError: too_large, not_a_picture."""
    return await asyncio.to_thread(read_now, content)


def read_now(content: bytes) -> Found:
    """The same, in this thread; takes some tenths of a second."""
    paper = _opened(content, _READ_SIDE)
    for text in codes(paper.convert("L")):
        if is_personal(text):
            return PersonalCard()
        if code := application_code(text):
            return ApplicationCode(code)
    return _written(paper, _SIDE)


async def cleaned(content: bytes, side: int) -> Picture:
    """A picture whose codes were read before, such as drawn pages; at most `side` pixels high and wide.

    Raises MediaError as read() does.
    """
    return await asyncio.to_thread(lambda: _written(_opened(content, side), side))


def _opened(content: bytes, side: int) -> Image.Image:
    """The pixels alone, upright, on white, made smaller while they are unpacked."""
    from PIL import Image, ImageOps

    if len(content) > SIZE_LIMIT:
        raise MediaError("too_large")
    try:
        with Image.open(BytesIO(content), formats=_FORMATS) as opened:
            if opened.width * opened.height > _PIXELS:
                raise MediaError("too_large")
            opened.draft("RGB", (side, side))  # a large JPEG is unpacked to a part of its size
            upright = ImageOps.exif_transpose(opened)
            upright.thumbnail((side, side))
            pixels = upright.convert("RGBA")
    except MediaError:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError, MemoryError):
        # Pillow raises all of these for files that are broken or only pretend.
        raise MediaError("not_a_picture") from None
    paper = Image.new("RGB", pixels.size, "white")
    paper.paste(pixels, mask=pixels.getchannel("A"))
    return paper


def _written(paper: Image.Image, side: int) -> Picture:
    paper.thumbnail((side, side))
    written = BytesIO()
    paper.save(written, "JPEG", quality=82, optimize=True)
    return Picture(written.getvalue(), *paper.size)


def is_personal(text: str) -> bool:
    """Whether this is the code of an identity or insurance card."""
    return bool(_PERSONAL.match(text) or _MACHINE_READABLE.match(text))


def application_code(text: str) -> str | None:
    """The code of an application as a machine printed it, in a text or a link."""
    found = _APPLICATION.search(unquote(text))
    return found[1].upper() if found else None


def codes(image: object) -> list[str]:
    """The texts of all QR codes and barcodes of a grey picture, personal ones first."""
    import zxingcpp
    from PIL.Image import Image

    assert isinstance(image, Image)  # noqa: S101 - imported late
    # Its stub says ndarray; any buffer will do.
    pixels: Any = image.tobytes()
    view = zxingcpp.ImageView(pixels, image.width, image.height, zxingcpp.ImageFormat.Lum)
    texts = [found.text for found in zxingcpp.read_barcodes(view) if found.valid]
    return sorted(texts, key=lambda text: _PERSONAL.match(text) is None)
