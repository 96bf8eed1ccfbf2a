"""A PDF that a citizen sent: only the code of an application is looked for, on its pages and in its text."""

from __future__ import annotations

import asyncio
import os
import sys
from functools import lru_cache

from channels import pdf_pages
from channels.errors import MediaError
from channels.photos import SIZE_LIMIT
from troly.settings import ROOT

_SECONDS = 20.0
_AT_ONCE = 2


async def application_code(content: bytes) -> str | None:
    """The code in the file, None where there is none.

    Raises MediaError: too_large, not_a_pdf, personal_card.
    """
    if len(content) > SIZE_LIMIT:
        raise MediaError("too_large")
    async with _turns_of(asyncio.get_running_loop()):
        found = await _ask(content)
    if found == pdf_pages.PERSONAL:
        raise MediaError("personal_card")
    return None if found == pdf_pages.NOTHING else found


async def _ask(content: bytes) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        pdf_pages.__name__,
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
    return said.decode("utf-8", "replace").strip()


@lru_cache(maxsize=8)
def _turns_of(_loop: asyncio.AbstractEventLoop) -> asyncio.Semaphore:
    return asyncio.Semaphore(_AT_ONCE)
