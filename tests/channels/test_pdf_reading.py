"""The receipt as a PDF: its code is read from a picture or its text; what breaks the reader breaks alone."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fpdf import FPDF
from PIL import Image

from channels import pdf_pages, pdf_reading, photos
from channels.errors import MediaError
from tests.channels.pictures import with_code
from tests.channels.scripted import Citizen
from tests.channels.test_sharing import CARD, CODE, files, upload


def pdf(text: str = "", code: str = "", pages_before: int = 0) -> bytes:
    made = FPDF()
    made.set_font("helvetica", size=12)
    for _ in range(pages_before):
        made.add_page()
    made.add_page()
    if text:
        made.cell(text=text)
    if code:
        made.image(BytesIO(with_code(code)), x=20, y=40, w=60)
    return bytes(made.output())


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (pdf(code=CODE), CODE),
        (pdf("Ma ho so: " + CODE.lower()), CODE),
        (pdf(code=CODE, pages_before=1), CODE),
        (pdf("Bien nhan 12/2026"), None),
        (pdf(code=CODE, pages_before=3), None),
    ],
    ids=["code", "text", "second page", "none", "fourth page"],
)
async def test_the_code_of_an_application_is_read(content: bytes, found: str | None) -> None:
    assert await pdf_reading.application_code(content) == found


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pdf(code=CARD), "personal_card"),
        (b"%PDF-1.7 broken", "not_a_pdf"),
        (pdf("x")[:-400], "not_a_pdf"),
        (b"%PDF-" + b"0" * photos.SIZE_LIMIT, "too_large"),
    ],
    ids=["card", "broken", "cut", "large"],
)
async def test_what_cannot_be_used_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(MediaError, match=reason):
        await pdf_reading.application_code(content)


@pytest.mark.parametrize("pages_before", [0, 1, 3])
async def test_no_page_with_a_personal_card_is_drawn(pages_before: int) -> None:
    with pytest.raises(MediaError, match="personal_card"):
        await pdf_reading.pages(pdf(CODE, code=CARD, pages_before=pages_before))


async def test_the_pages_are_drawn_below_each_other_and_counted() -> None:
    one, many = await pdf_reading.pages(pdf("don")), await pdf_reading.pages(pdf(CODE, pages_before=6))
    assert (one.count, many.count, many.code) == (1, 7, None)
    heights = [Image.open(BytesIO(each.picture)).height for each in (one, many)]
    assert heights[1] == 4 * heights[0]


async def test_a_reader_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_reading, "_SECONDS", 0.01)
    with pytest.raises(MediaError, match="not_a_pdf"):
        await pdf_reading.application_code(pdf(code=CODE))


def test_nothing_of_ours_is_in_the_readers_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pdf_pages.read(pdf("x")) == pdf_pages.NOTHING  # and it needs no setting


async def test_a_receipt_as_pdf_from_the_website_is_read_and_not_kept(stack: Any, tmp_path: Path) -> None:
    visitor = await stack.visitor()
    uploaded = (await upload(visitor, pdf(code=CODE))).json()
    assert uploaded["media_id"] is None and CODE in uploaded["payload"]
    refused = await upload(visitor, pdf("Bien nhan"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "no_code_in_file")
    assert files(tmp_path) == []


async def test_a_receipt_as_pdf_on_a_platform_says_its_code(
    push: None, stack: Any, rasa: Any, tmp_path: Path
) -> None:
    citizen = Citizen(stack)
    citizen.channel.content = pdf(code=CODE)
    await citizen.write(None, media={"kind": "file"})
    await citizen.until(1)
    assert rasa.messages() == [f'/inform_application_code{{"application_code": "{CODE}"}}']
    citizen.channel.content = pdf("Bien nhan")
    await citizen.write(None, media={"kind": "file"})
    assert "không đọc được mã hồ sơ" in (await citizen.until(2))[-1]
    assert len(rasa.messages()) == 1 and files(tmp_path) == []
