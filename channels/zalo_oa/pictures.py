"""Pictures as Zalo takes them: PNG or JPEG of at most 1 MB."""

from __future__ import annotations

import io

from PIL import Image, UnidentifiedImageError

LIMIT = 1_000_000
"""Bytes."""
_SIDES = (2048, 1280, 800, 480)
_PIXELS = 50_000_000
_MIMES = {"PNG": "image/png", "JPEG": "image/jpeg"}


def fitted(content: bytes) -> tuple[bytes, str]:
    """The picture and its media type, made smaller or another kind where it has to be.

    Raises ValueError for what is no picture, or one too large to open.
    """
    try:
        with Image.open(io.BytesIO(content)) as picture:
            if picture.width * picture.height > _PIXELS:
                raise ValueError("too many pixels")
            if picture.format in _MIMES and len(content) <= LIMIT:
                return content, _MIMES[picture.format]
            for side in _SIDES:
                smaller = picture.convert("RGBA")
                smaller.thumbnail((side, side))
                # Transparent parts turn black otherwise.
                plain = Image.new("RGB", smaller.size, "white")
                plain.paste(smaller, mask=smaller.getchannel("A"))
                made = io.BytesIO()
                plain.save(made, "JPEG", quality=85)
                if made.tell() <= LIMIT:
                    return made.getvalue(), "image/jpeg"
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError):
        raise ValueError("no picture") from None
    raise ValueError("too large")
