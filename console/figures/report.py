"""The monthly report as PDF: the month's numbers, charts and tables on a few pages, to print or send."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import XPos, YPos

import channels
from console.figures.charts import Chart
from console.figures.overview import Tile
from console.figures.tables import Table
from console.figures.wording import Wording

FONTS = Path(channels.__file__).parent / "fonts"

_FONT = "DejaVu"
_MARGIN = 16.0
_COLOURS = ((12, 80, 88), (180, 83, 9), (109, 40, 217), (29, 78, 216), (90, 100, 105))
_SOFT = (76, 95, 100)
_EDGE = (213, 221, 220)
_ROWS = 15
_MM = 178 / 760
"""Millimetres for each unit of a chart."""


def render(
    title: str,
    about: str,
    tiles: Sequence[Tile],
    charts: Sequence[Chart],
    tables: Sequence[Table],
    words: Wording,
    made_at: datetime,
) -> bytes:
    """The report. Takes a second or so of the processor: call it in a thread."""
    page = _Page(words, title, made_at)
    page.add_page()
    page.set_title(title)
    page.set_lang(words.language)
    page.text_of(title, size=17, bold=True)
    page.text_of(about, size=9, colour=_SOFT, below=3)
    _numbers(page, tiles, words)
    page.text_of(words.say("report_how"), size=8, colour=_SOFT, below=2)
    for chart in charts:
        _chart(page, chart)
    for table in tables:
        if table.rows:
            _table(page, table, words)
    return bytes(page.output())


class _Page(FPDF):
    """A4 with our font, page numbers, and when it was made."""

    def __init__(self, words: Wording, title: str, made_at: datetime) -> None:
        super().__init__(format="A4")
        self._words, self._title, self._made_at = words, title, made_at
        self.set_margins(_MARGIN, _MARGIN, _MARGIN)
        self.set_auto_page_break(True, margin=_MARGIN)
        self.add_font(_FONT, "", FONTS / "DejaVuSans-Vietnamese.ttf")
        self.add_font(_FONT, "B", FONTS / "DejaVuSans-Bold-Vietnamese.ttf")

    def footer(self) -> None:
        """Called for each page by fpdf2."""
        self.set_y(-11)
        self.set_font(_FONT, size=8)
        self.set_text_color(*_SOFT)
        made = self._words.say("report_made", at=f"{self._made_at:%d/%m/%Y %H:%M}", page=self.page_no())
        self.cell(0, 5, made, align="R")
        self.set_text_color(0)

    def text_of(
        self,
        text: str,
        *,
        size: float = 10,
        bold: bool = False,
        colour: tuple[int, int, int] = (0, 0, 0),
        above: float = 0,
        below: float = 0,
    ) -> None:
        """A paragraph; lengths in millimetres, the size in points."""
        self.ln(above)
        self.set_font(_FONT, "B" if bold else "", size)
        self.set_text_color(*colour)
        self.multi_cell(0, size * 0.5, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_text_color(0)
        self.ln(below)

    def room_for(self, height: float) -> None:
        """A new page where less is left."""
        if self.will_page_break(height):
            self.add_page()


def _numbers(page: _Page, tiles: Sequence[Tile], words: Wording) -> None:
    for tile in tiles:
        page.set_font(_FONT, "", 10)
        page.cell(62, 6, words.say(f"tile_{tile.name}"))
        page.set_font(_FONT, "B", 11)
        page.cell(26, 6, tile.value, align="R")
        page.set_font(_FONT, "", 9)
        page.set_text_color(*_SOFT)
        page.cell(30, 6, tile.change, align="R")
        page.multi_cell(0, 6, tile.note, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        page.set_text_color(0)
    page.ln(2)


def _chart(page: _Page, chart: Chart) -> None:
    page.room_for(chart.height * _MM + 20)
    page.text_of(chart.title, size=12, bold=True, above=3)
    page.set_font(_FONT, "", 8)
    for number, label in enumerate(chart.labels):
        page.set_fill_color(*_COLOURS[number % len(_COLOURS)])
        page.rect(page.get_x() + 1, page.get_y() + 1, 3, 3, style="F")
        page.cell(page.get_string_width(label) + 10, 5, f"     {label}")
    page.ln(6)
    left, top = page.l_margin, page.get_y()

    def across(x: float) -> float:
        return left + x * _MM

    def down(y: float) -> float:
        return top + y * _MM

    page.set_font(_FONT, "", 7)
    page.set_line_width(0.15)
    page.set_draw_color(*_EDGE)
    for tick in chart.upward:
        page.line(across(chart.left), down(tick.at), across(chart.right), down(tick.at))
        page.text(across(chart.left) - page.get_string_width(tick.text) - 1, down(tick.at) + 1, tick.text)
    for tick in chart.along:
        page.text(across(tick.at) - page.get_string_width(tick.text) / 2, down(chart.bottom) + 4, tick.text)
    for band in chart.bands:
        for shape in band.shapes if chart.kind == "stacked" else ():
            page.set_fill_color(*_COLOURS[shape.series % len(_COLOURS)])
            page.rect(across(shape.x), down(shape.y), shape.width * _MM, shape.height * _MM, style="F")
    page.set_line_width(0.5)
    last: dict[int, tuple[int, float, float]] = {}
    for place, band in enumerate(chart.bands if chart.kind == "lines" else ()):
        for shape in band.shapes:
            page.set_draw_color(*_COLOURS[shape.series % len(_COLOURS)])
            here = (place, across(shape.x), down(shape.y))
            before = last.get(shape.series)
            if before and before[0] == place - 1:
                page.line(before[1], before[2], here[1], here[2])
            else:
                page.circle(here[1], here[2], 0.2)
            last[shape.series] = here
    page.set_line_width(0.2)
    page.set_draw_color(0)
    page.set_y(down(chart.height))


def _table(page: _Page, table: Table, words: Wording) -> None:
    page.room_for(30)
    page.text_of(table.title, size=12, bold=True, above=4, below=1)
    numbers = [place for place, column in enumerate(table.columns) if column.kind != "text"]
    narrow = 26.0
    texts = len(table.columns) - len(numbers)
    wide = (page.epw - narrow * len(numbers)) / max(1, texts)
    coded = 30.0 if texts == 2 else 0.0  # of two texts the first is a code
    free = [wide if texts != 2 else coded, wide * texts - coded]
    widths = [narrow if place in numbers else free[min(place, 1)] for place in range(len(table.columns))]
    page.set_font(_FONT, "", 9)
    page.set_draw_color(*_EDGE)
    page.set_fill_color(255)
    with page.table(
        col_widths=tuple(widths),
        width=sum(widths),
        align="LEFT",
        text_align=tuple("RIGHT" if place in numbers else "LEFT" for place in range(len(widths))),
        borders_layout="HORIZONTAL_LINES",
        line_height=5,
        padding=0.6,
    ) as drawn:
        head = drawn.row()
        for column in table.columns:
            head.cell(column.head)
        for values in table.rows[:_ROWS]:
            line = drawn.row()
            for column, value in zip(table.columns, values, strict=True):
                line.cell(words.cell(column.kind, value))
    page.set_draw_color(0)
    if len(table.rows) > _ROWS:
        page.text_of(words.say("more_rows", n=len(table.rows) - _ROWS), size=8, colour=_SOFT, above=1)
