"""Pictures for tests: plain ones, such as a phone takes, and papers with a code."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import zxingcpp
from PIL import Image


def written(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def scene(width: int = 640, height: int = 480) -> Image.Image:
    """A picture with a red left and a blue right half."""
    image = Image.new("RGB", (width, height), "blue")
    image.paste("red", (0, 0, width // 2, height))
    return image


def with_code(text: str, kind: str = "QRCode", scale: int = 8) -> bytes:
    """A paper with a code in its middle."""
    made = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, kind))
    drawn = Image.fromarray(zxingcpp.write_barcode_to_image(made)).convert("RGB")
    drawn = drawn.resize((scale * drawn.width, scale * drawn.height), Image.Resampling.NEAREST)
    paper = Image.new("RGB", (drawn.width + 200, drawn.height + 200), "white")
    paper.paste(drawn, (100, 100))
    return written(paper)


def located() -> bytes:
    """A photo as a phone writes it: turned by a note, with its place and device."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "Secret Phone"
    exif.get_ifd(0x8825)[2] = (20.0, 57.0, 25.0)
    return written(scene(), exif=exif)
