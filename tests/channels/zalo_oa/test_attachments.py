"""Pictures and files: those that we show, and those that citizens send."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import structlog
from PIL import Image

from channels.base import Address, Reply
from channels.errors import MediaError
from channels.zalo_oa import ZaloOaChannel
from channels.zalo_oa.pictures import LIMIT, fitted
from tests.fakes.base import Shown
from tests.fakes.zalo_oa import PNG, FakeZaloOa

Make = Callable[..., Reply]
Deliver = Callable[[Reply], Any]
BASE = "http://zalo.test"
"""The platform's address in these tests."""
MAP = f"{BASE}/media/map.png"


def picture(kind: str, size: tuple[int, int], mode: str = "RGB") -> bytes:
    made = io.BytesIO()
    Image.effect_noise(size, 200).convert(mode).save(made, kind)
    return made.getvalue()


async def test_a_picture_is_uploaded_once_and_shown_each_time(
    fake: FakeZaloOa, deliver: Deliver, reply: Make
) -> None:
    await deliver(reply("Bản đồ", image=MAP))
    await deliver(reply("Bản đồ", image=MAP))
    assert fake.replies("lan") == [Shown("Bản đồ", image="uploaded")] * 2
    assert len(fake.uploads) == 1
    assert fake.violations == []


async def test_an_expired_picture_is_uploaded_again(fake: FakeZaloOa, deliver: Deliver, reply: Make) -> None:
    await deliver(reply("Bản đồ", image=MAP))
    for name in fake.uploads:
        fake.uploads[name] = 0.0
    await deliver(reply("Bản đồ", image=MAP))
    assert len(fake.uploads) == 2
    assert fake.replies("lan") == [Shown("Bản đồ", image="uploaded")] * 2


async def test_a_picture_that_zalo_keeps_calling_expired_does_not_loop(
    fake: FakeZaloOa, deliver: Deliver, reply: Make
) -> None:
    fake.refuse(-100, times=2)
    await deliver(reply("Bản đồ", image=MAP))
    assert len(fake.uploads) == 2
    assert fake.replies("lan") == [Shown(f"Bản đồ\nXem hình ảnh: {MAP}")]


async def test_a_document_is_sent_as_a_file(fake: FakeZaloOa, deliver: Deliver, reply: Make) -> None:
    await deliver(reply("Mẫu đơn", image=f"{BASE}/media/don.pdf"))
    assert fake.replies("lan") == [Shown("", image="file"), Shown("Mẫu đơn")]
    assert fake.violations == []


@pytest.mark.parametrize("url", [f"{BASE}/nothing.png", "https://127.0.0.1/x.png", "http://a.vn/x.png"])
async def test_a_picture_that_cannot_be_fetched_becomes_a_link(
    fake: FakeZaloOa, deliver: Deliver, reply: Make, url: str
) -> None:
    with structlog.testing.capture_logs() as logs:
        await deliver(reply("Bản đồ", image=url))
    assert fake.replies("lan") == [Shown(f"Bản đồ\nXem hình ảnh: {url}")]
    assert "zalo_oa_attachment_not_sent" in [line["event"] for line in logs]


def test_a_small_png_or_jpeg_stays_as_it_is() -> None:
    assert fitted(PNG) == (PNG, "image/png")
    small = picture("JPEG", (50, 40))
    assert fitted(small) == (small, "image/jpeg")


@pytest.mark.parametrize(
    "content", [picture("PNG", (1500, 1500)), picture("GIF", (60, 60)), picture("WEBP", (60, 60), "RGBA")]
)
def test_others_become_a_jpeg_of_a_size_that_zalo_takes(content: bytes) -> None:
    made, mime = fitted(content)
    assert mime == "image/jpeg" and len(made) <= LIMIT
    with Image.open(io.BytesIO(made)) as opened:
        assert opened.format == "JPEG"


@pytest.mark.parametrize("content", [b"", b"<html>", PNG[:40]])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="no picture"):
        fitted(content + b"\x00" * LIMIT)


async def test_what_a_citizen_sends_is_fetched(
    fake: FakeZaloOa, channel: ZaloOaChannel, reception: Any
) -> None:
    fake.media_url = BASE
    await fake.send_media("lan", "image")
    media = reception.received[-1].media
    assert await channel.collect(media) == PNG
    assert media["mime"] == "image/png"


@pytest.mark.parametrize(
    "url", ["https://evil.test/a.png", "http://photo-stal-1.zdn.vn/a.png", "https://zdn.vn.evil.test/a.png"]
)
async def test_nothing_is_fetched_from_elsewhere(channel: ZaloOaChannel, url: str) -> None:
    with pytest.raises(MediaError, match="forbidden"):
        await channel.collect({"kind": "image", "url": url})


@pytest.mark.parametrize("media", [{"kind": "sticker", "url": BASE}, {"kind": "location"}, {"kind": "image"}])
async def test_what_is_no_picture_or_file_is_not_fetched(
    channel: ZaloOaChannel, http: httpx.AsyncClient, media: dict[str, Any], lan: Address
) -> None:
    assert await channel.collect(media) is None
