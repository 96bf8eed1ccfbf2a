"""The console's pages, served by the gateway under /console/."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse

_HERE = Path(__file__).parent

router = APIRouter(include_in_schema=False)


@router.get("/console")
async def without_slash() -> RedirectResponse:
    """The address as people type it."""
    return RedirectResponse("/console/")


@router.get("/console/")
async def today() -> HTMLResponse:
    """What staff can do today, in Vietnamese and English. It holds nothing that needs a login."""
    return HTMLResponse((_HERE / "templates" / "today.html").read_text(encoding="utf-8"))


@router.get("/console/console.css")
async def style() -> FileResponse:
    """The page's style sheet."""
    return FileResponse(_HERE / "static" / "console.css", media_type="text/css")
