"""A PDF that a citizen sent: the code of an application is looked for, on its pages and in its text. To an
official its pages are shown as a picture; the file itself is never kept.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass

from channels import pdf_pages
from channels.errors import MediaError
from channels.photos import SIZE_LIMIT
from troly.settings import ROOT

_SECONDS = 20.0
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Pages:
    """What a PDF shows."""

    code: str | None
    """Of an application."""
    count: int
    """All pages; `picture` has the first pdf_pages.DRAWN."""
    picture: bytes
    """A JPEG, from the process that cannot be trusted: to be cleaned (photos.cleaned)."""


async def application_code(content: bytes) -> str | None:
    """The code in the file, None where there is none.

    Raises MediaError: too_large, not_a_pdf, personal_card.
    """
    code, _ = await _read(content)
    return code


async def pages(content: bytes) -> Pages:
    """Its first pages to look at. Raises MediaError as above."""
    code, rest = await _read(content, pdf_pages.DRAW)
    count, _, picture = rest.partition(b"\n")
    if not count.isdigit() or len(count) > _DIGITS or not picture:
        raise MediaError("not_a_pdf")
    return Pages(code, int(count), picture)


async def _read(content: bytes, *arguments: str) -> tuple[str | None, bytes]:
    """The code, and what else the process says."""
    if len(content) > SIZE_LIMIT:
        raise MediaError("too_large")
    line, _, rest = (await _ask(content, *arguments)).partition(b"\n")
    found = line.decode("utf-8", "replace").strip()
    if found == pdf_pages.PERSONAL:
        raise MediaError("personal_card")
    return None if found == pdf_pages.NOTHING else found, rest


async def _ask(content: bytes, *arguments: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        pdf_pages.__name__,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
        # Nothing of ours: no key, no address of the database.
        env={name: os.environ[name] for name in ("PATH", "LANG", "PYTHONPATH") if name in os.environ},
    )
    try:
        async with asyncio.timeout(_SECONDS):
            said, _ = await process.communicate(content)
    except TimeoutError:
        raise MediaError("not_a_pdf") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise MediaError("not_a_pdf")
    return said
