"""Reads the code of an application from a PDF on standard input, and draws its pages for officials; a process
of its own, bounded by the system.

PDF readers are large and citizens' files are strangers' files: what breaks here breaks nothing else, and
there is nothing here to steal: no database, no key, no connection.
"""

from __future__ import annotations

import os
import resource
import sys
from io import BytesIO
from typing import Any

_MEMORY = 1024 * 1024 * 1024
_SECONDS = 10
_PAGES = 3
"""A receipt has one or two."""
_LETTERS = 20_000
_DOTS = 2.8
"""Pixels for each point: 200 dpi."""
_SIDE = 3000

PERSONAL, NOTHING = "personal", "nothing"

DRAW = "draw"
"""The argument that asks for the pages."""
DRAWN = 4
"""Pages that are drawn, below each other."""
_WIDTH, _HEIGHT = 1100, 1600
"""Pixels of a page at most: small print can be read."""
_GAP = 12


def read(content: bytes) -> str:
    """The code, or PERSONAL for an identity card's code, or NOTHING. Raises pdfium's error for no PDF."""
    import pypdfium2

    from channels import photos

    document = pypdfium2.PdfDocument(content)
    written: list[str] = []
    for number in range(min(_PAGES, len(document))):
        page = document[number]
        written.append(page.get_textpage().get_text_bounded()[:_LETTERS])
        scale = min(_DOTS, _SIDE / max(page.get_size()))
        for text in photos.codes(page.render(scale=scale, grayscale=True).to_pil().convert("L")):
            if photos.is_personal(text):
                return PERSONAL
            if code := photos.application_code(text):
                return code
    return next((code for text in written if (code := photos.application_code(text))), NOTHING)


def draw(content: bytes) -> tuple[int, bytes]:
    """The number of all pages, and the first of them as one JPEG; none where a page has a personal card.

    Raises pdfium's error for no PDF.
    """
    import pypdfium2
    from PIL import Image

    from channels import photos

    document = pypdfium2.PdfDocument(content)
    pages: list[Any] = []
    for number in range(min(DRAWN, len(document))):
        page = document[number]
        width, height = page.get_size()
        scale = min(_WIDTH / max(width, 1), _HEIGHT / max(height, 1))
        drawn = page.render(scale=scale).to_pil().convert("RGB")
        # read() stops at the first code and looks at fewer pages.
        if any(photos.is_personal(text) for text in photos.codes(drawn.convert("L"))):
            return 0, b""
        pages.append(drawn)
    paper = Image.new(
        "RGB", (max(one.width for one in pages), sum(one.height + _GAP for one in pages)), "gray"
    )
    top = 0
    for one in pages:
        paper.paste(one, (0, top))
        top += one.height + _GAP
    written = BytesIO()
    paper.save(written, "JPEG", quality=85)
    return len(document), written.getvalue()


def main() -> None:
    """Read standard input, print the finding (and, to draw, the number of pages and the picture).

    Exit code 1 where it is no PDF that can be read.
    """
    os.nice(10)  # whoever waits for an answer goes first
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    content = sys.stdin.buffer.read()
    try:
        found = read(content)
        picture = b""
        if sys.argv[1:] == [DRAW] and found != PERSONAL:
            count, drawn = draw(content)
            found = found if drawn else PERSONAL
            picture = str(count).encode() + b"\n" + drawn
    except Exception:  # whatever a broken file makes of the reader
        os._exit(1)
    sys.stdout.buffer.write(found.encode() + b"\n" + picture)
    sys.stdout.buffer.flush()
    os._exit(0)  # pdfium may break once more while it cleans up


if __name__ == "__main__":
    main()
