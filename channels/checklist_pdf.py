"""A checklist as PDF: text only, to print and take along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from channels.checklist_texts import day, fee, pick, say, time

FONTS = Path(__file__).parent / "fonts"

_FONT = "DejaVu"
_MARGIN = 18.0
_BOX = 3.6
_INDENT = 7.0


def render(content: dict[str, Any], language: str) -> bytes:
    """The PDF of a checklist (content as stored, see troly/tables/checklists.py)."""
    page = _Page(language)
    page.add_page()
    title = say("heading", language, title=pick(content["title"], language))
    page.set_title(title)
    page.line_of(title, size=16, bold=True, below=3)
    page.line_of(say("steps", language), size=12, bold=True, above=1, below=1)
    for number, step in enumerate(content["steps"], 1):
        _step(page, number, step, language)
    _sums(page, content, language)
    always = [paper for paper in content["papers"] if not paper["only_if"]]
    sometimes = [paper for paper in content["papers"] if paper["only_if"]]
    for heading, papers in (("papers", always), ("only_if", sometimes)):
        if papers:
            page.line_of(say(heading, language), size=12, bold=True, above=3, below=1)
        for paper in papers:
            _paper(page, paper, language)
    dates = [step["as_of"] for step in content["steps"]]
    source = content["source"]
    page.line_of(
        say("source", language, date=day(min(dates)), source=source["title"], checked=day(source["as_of"])),
        size=8,
        above=4,
    )
    page.line_of(say("advice", language), size=8)
    return bytes(page.output())


class _Page(FPDF):
    """A4 with our font and page numbers."""

    def __init__(self, language: str) -> None:
        super().__init__(format="A4")
        self._language = language
        self.set_margins(_MARGIN, _MARGIN, _MARGIN)
        self.set_auto_page_break(True, margin=_MARGIN)
        self.add_font(_FONT, "", FONTS / "DejaVuSans-Vietnamese.ttf")
        self.add_font(_FONT, "B", FONTS / "DejaVuSans-Bold-Vietnamese.ttf")

    def footer(self) -> None:
        """Called for each page by fpdf2."""
        self.set_y(-12)
        self.set_font(_FONT, size=8)
        self.cell(0, 5, say("page", self._language, number=self.page_no()), align="R")

    def line_of(
        self,
        text: str,
        *,
        size: float = 10,
        bold: bool = False,
        indent: float = 0,
        above: float = 0,
        below: float = 0,
    ) -> None:
        """A paragraph; lengths in millimetres, the size in points."""
        if above:
            self.ln(above)
        self.set_font(_FONT, "B" if bold else "", size)
        self.set_x(self.l_margin + indent)
        self.multi_cell(self.epw - indent, size * 0.5, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        if below:
            self.ln(below)


def _step(page: _Page, number: int, step: dict[str, Any], language: str) -> None:
    about = say("code", language, code=step["code"])
    if step["linked"]:
        about += f", {say('linked', language)}"
    page.line_of(f"{number}. {pick(step['title'], language)} ({about})", bold=True, above=1)
    charge = fee(step["fee"], language)
    if step["fee_noted"]:
        charge = say("noted", language, fee=charge)
    figures = [
        say("time", language, time=time(step["time"], language)),
        say("fee", language, fee=charge),
    ]
    page.line_of("; ".join(figures), indent=_INDENT)
    if note := pick(step["note"], language):
        page.line_of(say("note", language, note=note), indent=_INDENT)
    if step["open_cases"]:
        page.line_of(say("open_cases", language), indent=_INDENT)
    page.line_of(step["url"], size=8, indent=_INDENT)


def _sums(page: _Page, content: dict[str, Any], language: str) -> None:
    parts = []
    if content["counted"]:
        parts.append(say("total", language, fee=fee(content["total"], language)) + ".")
        if content["missing"]:
            parts.append(say("left_out", language, numbers=_numbers(content["missing"])))
    if content["slowest"] and len(content["steps"]) > 1:
        parts.append(say("slowest", language, number=content["slowest"]))
    if parts:
        page.line_of(" ".join(parts), above=2)


def _paper(page: _Page, paper: dict[str, Any], language: str) -> None:
    """A line with a box to tick; the box of what the citizen has is crossed."""
    amounts = [say(kind, language, count=paper[kind]) for kind in ("originals", "copies") if paper[kind]]
    about = ", ".join([*amounts, say("for", language, numbers=_numbers(paper["needed"]))])
    page.set_font(_FONT, "", 10)
    text = f"{paper['name']} ({about})"
    # Kept on one page with its box.
    height = page.multi_cell(page.epw - _INDENT, 5, text, align="L", dry_run=True, output="HEIGHT")
    if isinstance(height, float) and page.will_page_break(height):
        page.add_page()
    left, top = page.l_margin + page.c_margin, page.get_y() + 1.2
    page.rect(left, top, _BOX, _BOX)
    if paper["done"]:
        page.line(left, top, left + _BOX, top + _BOX)
        page.line(left, top + _BOX, left + _BOX, top)
    page.line_of(text, indent=_INDENT, below=0.8)


def _numbers(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))
