"""The console's pages, served by the gateway under /console/."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

_PAGE = Path(__file__).parent / "templates" / "today.html"

router = APIRouter(include_in_schema=False)


@router.get("/console")
async def without_slash() -> RedirectResponse:
    """The address as people type it."""
    return RedirectResponse("/console/")


@router.get("/console/")
async def today() -> HTMLResponse:
    """What staff can do today, in Vietnamese and English. It holds nothing that needs a login."""
    return HTMLResponse(_PAGE.read_text(encoding="utf-8"))
