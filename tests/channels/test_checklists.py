"""A checklist as PDF: text with every Vietnamese letter, for its token only."""

from __future__ import annotations

import re
import unicodedata
import zlib
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from sqlalchemy import insert

from channels import checklist_texts
from channels.base import Link, Outbound
from channels.checklist_pdf import FONTS, render
from troly.clock import now
from troly.tables.checklists import Checklist

TOKEN = "k" * 43
CONTENT: dict[str, Any] = {
    "title": {"vi": "Sinh con", "en": "A new baby"},
    "steps": [
        {
            "title": {"vi": "Đăng ký khai sinh", "en": "Birth registration"},
            "code": "1.001193",
            "url": "https://portal.example/1",
            "linked": True,
            "note": {"vi": "nhớ mang bản chính", "en": "bring the original"},
            "time": {"count": 1.0, "unit": "working_day"},
            "fee": [0, 0],
            "fee_noted": True,
            "open_cases": True,
            "as_of": "2026-07-01",
        },
        {
            "title": {"vi": "Đăng ký thường trú", "en": "Residence"},
            "code": "1.004222",
            "url": "https://portal.example/2",
            "linked": False,
            "note": {},
            "time": {},
            "fee": [None, None],
            "fee_noted": False,
            "open_cases": False,
            "as_of": "2026-07-02",
        },
    ],
    "papers": [
        {
            "name": "Giấy chứng sinh",
            "needed": [1, 2],
            "originals": 1,
            "copies": 0,
            "only_if": False,
            "done": True,
        },
        {
            "name": "Giấy ủy quyền " * 20,
            "needed": [1],
            "originals": 0,
            "copies": 2,
            "only_if": True,
            "done": False,
        },
    ],
    "total": [0, 0],
    "counted": 1,
    "missing": [2],
    "slowest": 1,
    "source": {"title": "Luật Hộ tịch", "url": "", "as_of": "2026-11-22"},
}


@pytest.mark.parametrize("font", sorted(FONTS.glob("*.ttf")), ids=lambda path: path.stem)
def test_the_fonts_have_every_vietnamese_letter_and_are_small(font: Any) -> None:
    letters = {
        unicodedata.normalize("NFC", base + shape + tone)
        for base in "aeiouyAEIOUY"
        for shape in ("", "\u0302", "\u0306", "\u031b")
        for tone in ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
    }
    wanted = {letter for letter in letters if len(letter) == 1} | set("đĐ–…“”₫")
    assert len(wanted) > 134
    assert {ord(letter) for letter in wanted} <= set(TTFont(font).getBestCmap())
    assert font.stat().st_size < 100_000


def _drawn(pdf: bytes) -> str:
    """Everything that the page streams draw, still in the fonts' own numbering."""
    streams = re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL)
    parts = []
    for stream in streams:
        try:
            parts.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return b"\n".join(parts).decode("latin-1")


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_pdf_is_text_without_images(language: str) -> None:
    pdf = render(CONTENT, language)
    assert pdf.startswith(b"%PDF-")
    assert b"/Subtype /Image" not in pdf and b"/ToUnicode" in pdf
    assert len(pdf) < 60_000
    assert " Tj" in _drawn(pdf) or "TJ" in _drawn(pdf)


def test_long_lists_go_over_several_pages() -> None:
    many = {**CONTENT, "papers": CONTENT["papers"] * 30}
    assert render(many, "vi").count(b"/Type /Page\n") > 2


@pytest.mark.parametrize(
    ("value", "vi", "en"),
    [
        ([0, 0], "0 đồng", "0 VND"),
        ([50000, 50000], "50.000 đồng", "50,000 VND"),
        ([10000, 20000], "10.000 đến 20.000 đồng", "10,000 to 20,000 VND"),
        ([None, None], "không ghi", "no fixed amount"),
    ],
)
def test_fees_are_written_as_each_language_does(value: Any, vi: str, en: str) -> None:
    assert checklist_texts.fee(value, "vi").startswith(vi) or vi in checklist_texts.fee(value, "vi")
    assert en in checklist_texts.fee(value, "en")


def test_time_limits_are_numbers_or_the_portals_words() -> None:
    assert checklist_texts.time({"count": 1.5, "unit": "day"}, "vi") == "1.5 ngày"
    assert checklist_texts.time({"count": 3.0, "unit": "working_day"}, "vi") == "3 ngày làm việc"
    assert checklist_texts.time({"text": "ngay trong ngày"}, "en") == "ngay trong ngày"
    assert checklist_texts.time({}, "en") == "not stated"


async def test_who_has_the_token_gets_the_list_and_nobody_else(stack: Any) -> None:
    async with stack.app.state.gateway.store.write() as connection:
        await connection.execute(
            insert(Checklist).values(
                id="0011", token=TOKEN, sender_id="c", language="vi", content=CONTENT,
                created_at=now(), updated_at=now(),
            )
        )  # fmt: skip
    found = await stack.http.get(f"/checklists/{TOKEN}.pdf")
    assert found.status_code == 200
    assert found.headers["content-type"] == "application/pdf"
    assert found.headers["cache-control"] == "private, no-store"
    assert "attachment" in found.headers["content-disposition"]
    assert found.content.startswith(b"%PDF-")
    for name in (TOKEN[:-1] + "x", "0011", "../troly.db", "%00"):
        refused = await stack.http.get(f"/checklists/{name}.pdf")
        assert refused.status_code == 404


def test_outside_the_website_a_path_is_no_link() -> None:
    whole = Link(title="PDF", url=f"https://example.vn/checklists/{TOKEN}.pdf")
    path = Link(title="PDF", url=f"/checklists/{TOKEN}.pdf")
    assert Outbound(text="x", language="vi", links=[path, whole]).outside().links == [whole]
