"""A photo is checked, loses its metadata, its code is read; what is none is refused before it unpacks."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from channels import photos
from channels.errors import MediaError
from tests.channels.pictures import located, scene, with_code, written


def test_a_photo_is_kept_upright_and_without_metadata() -> None:
    found = photos.read_now(located())
    assert isinstance(found, photos.Picture)
    image = Image.open(BytesIO(found.content))
    assert image.format == "JPEG" and not image.getexif() and "exif" not in image.info
    assert b"Secret Phone" not in found.content and b"Secret Phone" in located()
    assert (found.width, found.height) == image.size == (480, 640)
    top, bottom = image.getpixel((240, 40)), image.getpixel((240, 600))
    assert top[0] > 200 > bottom[0], "the red half lies on top once it is turned"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_each_kind_of_picture_becomes_a_jpeg(kind: str) -> None:
    found = photos.read_now(written(scene(), kind))
    assert isinstance(found, photos.Picture) and found.content.startswith(b"\xff\xd8\xff")


def test_what_is_transparent_becomes_white() -> None:
    found = photos.read_now(written(Image.new("RGBA", (50, 50), (0, 0, 0, 0)), "PNG"))
    assert isinstance(found, photos.Picture)
    assert Image.open(BytesIO(found.content)).getpixel((25, 25)) == (255, 255, 255)


def test_a_large_photo_is_made_smaller() -> None:
    found = photos.read_now(written(scene(4000, 3000)))
    assert isinstance(found, photos.Picture) and max(found.width, found.height) == 2048


@pytest.mark.parametrize(
    "text",
    [
        "H49.33-250421-0001",
        "https://dichvucong.example/tra-cuu?ma=H49.33-250421-0001&x=1",
        "https%3A%2F%2Fx.example%2F%3Fcode%3DH49.33-250421-0001",
        "Ma ho so: h49.33-250421-0001; ngay hen 05/05",
    ],
)
def test_the_code_of_an_application_is_read(text: str) -> None:
    assert photos.read_now(with_code(text)) == photos.ApplicationCode("H49.33-250421-0001")


def test_a_barcode_is_read_too() -> None:
    found = photos.read_now(with_code("000.17.22.H56-210531-0001", "Code128", 2))
    assert found == photos.ApplicationCode("000.17.22.H56-210531-0001")


def test_another_code_changes_nothing() -> None:
    assert isinstance(photos.read_now(with_code("https://example.vn/menu")), photos.Picture)


@pytest.mark.parametrize(
    "text",
    [
        "001099012345|123456789|Nguyễn Văn A|01011990|Nam|Số 1, Hà Nội|01012021",
        "001199012345||Trần Thị B|05061999|Nữ|Hạ Long|01012022||||",
        "DN4012345678901|4e677579e1bb856e|01/01/1990|1|",
    ],
)
def test_an_identity_or_insurance_card_is_refused(text: str) -> None:
    assert photos.read_now(with_code(text)) == photos.PersonalCard()


def bomb() -> bytes:
    """A PNG of a few kilobytes that says that it is 60,000 by 60,000 pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100_000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not_a_picture"),
        (b"%PDF-1.7 ...", "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_picture"),
        (b"\xff\xd8\xff\xe0 nothing more", "not_a_picture"),
        (written(scene())[:2000], "not_a_picture"),
        (written(scene(), "BMP"), "not_a_picture"),
        (bomb(), "not_a_picture"),
        (written(Image.new("L", (9000, 6000)), "PNG"), "too_large"),
        (b"\xff" * (photos.SIZE_LIMIT + 1), "too_large"),
    ],
    ids=["empty", "pdf", "svg", "head only", "cut off", "bmp", "bomb", "many pixels", "many bytes"],
)
def test_what_is_no_good_photo_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(MediaError, match=reason):
        photos.read_now(content)


async def test_two_at_once_are_read_in_one_process() -> None:
    assert isinstance(await photos.read(located()), photos.Picture)
