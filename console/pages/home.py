"""The first page: where this account can go."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from console.rendering import render
from console.routing import SIGNED_IN, Routes

routes = Routes()


@routes.get("/", needs=SIGNED_IN)
async def home(request: Request) -> Response:
    """What this account may use."""
    return render(request, "home.html")
