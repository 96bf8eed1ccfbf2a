"""What citizens sent, opened at the desk: the bytes, with headers by which a browser can only show them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request
from starlette.responses import Response

from console.handover import files
from console.parts import console_of
from console.permissions import Permission
from console.routing import Routes
from console.visits import visit_of

routes = Routes()

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Beside the console's own policy; both hold.
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


@routes.post("/handover/{handover_id}/files/{message_id}", needs=Permission.HANDOVER_TAKE)
async def opened(
    request: Request,
    handover_id: Annotated[int, Path(ge=1, le=2**53)],
    message_id: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")],
) -> Response:
    """A photo, the pages of a PDF, a recording. POST: it is written into the audit."""
    found = await files.open_file(console_of(request), visit_of(request).staff, handover_id, message_id)
    # A picture is shown in its own tab where there is no script; the rest is played on the page or saved.
    how = "inline" if found.mime == files.PICTURE else "attachment"
    headers = _HEADERS | {"Content-Disposition": f'{how}; filename="{found.name}"'}
    return Response(found.content, media_type=found.mime, headers=headers)
