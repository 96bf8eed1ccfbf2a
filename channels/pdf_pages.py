"""Reads the code of an application from a PDF on standard input; a process of its own, bounded by the system.

PDF readers are large and citizens' files are strangers' files: what breaks here breaks nothing else, and
there is nothing here to steal: no database, no key, no connection.
"""

from __future__ import annotations

import os
import resource
import sys

_MEMORY = 1024 * 1024 * 1024
_SECONDS = 10
_PAGES = 3
"""A receipt has one or two."""
_LETTERS = 20_000
_DOTS = 2.8
"""Pixels for each point: 200 dpi."""
_SIDE = 3000

PERSONAL, NOTHING = "personal", "nothing"


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


def main() -> None:
    """Read standard input, print the finding; exit code 1 where it is no PDF that can be read."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    content = sys.stdin.buffer.read()
    try:
        found = read(content)
    except Exception:  # whatever a broken file makes of the reader
        os._exit(1)
    print(found, flush=True)
    os._exit(0)  # pdfium may break once more while it cleans up


if __name__ == "__main__":
    main()
