"""Photos from the website: POST /media takes one, and says which message brings it to the assistant."""

from __future__ import annotations

import json
import re
from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import func, select

from channels import conversations, sharing
from channels.edge import address_of
from channels.errors import ApiError, MediaError
from channels.gateway import Gateway
from channels.limits import network
from channels.media import PDF, kind_of
from channels.web.forms import Refusal
from channels.web.session import GatewayParam, SessionParam
from troly.tables.channels import MediaRow

log = structlog.get_logger("web")

_MOST = 60
"""Pictures of one conversation."""

_BOUNDARY = re.compile(r'multipart/form-data;.*\bboundary="?([^";]{1,70})"?', re.IGNORECASE)
_UPLOAD = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "required": ["photo"],
            "properties": {"photo": {"type": "string", "format": "binary"}},
        }
    }
}

router = APIRouter(responses={status: {"model": Refusal} for status in (401, 413, 422, 429)})


class Uploaded(BaseModel):
    """A photo that was taken in."""

    media_id: str | None = Field(description="None where the photo was only read: it held a code.")
    payload: str = Field(description="Send this as the message: POST /messages.")


@router.post("/media", openapi_extra={"requestBody": {"required": True, "content": _UPLOAD}})
async def upload(request: Request, gateway: GatewayParam, session: SessionParam) -> Uploaded:
    """Take a photo (JPEG, PNG, WebP or GIF, at most 5 MB) as the part `photo` of a multipart form.

    Its metadata is removed. A QR code or barcode with the code of an application is read; a photo of an
    identity or insurance card is refused and not kept. Of a PDF, such as a receipt, only the code of an
    application is read; once an official is asked for, its first pages are kept as a picture.
    """
    identity = session.conversation_id
    await gateway.limits.message(identity)
    if await conversations.last_event(gateway.store, identity) is None:
        raise ApiError(401, "conversation_over")
    if await _count(gateway, identity) >= _MOST:
        raise ApiError(429, "too_many_photos", retry_after=3600)
    visitor = network(address_of(request.scope))
    content = _photo(request.headers.get("content-type", ""), await request.body())
    try:
        if kind_of(content) == PDF:
            if await conversations.wants_staff(gateway.store, identity):
                kept = await sharing.keep_pdf(gateway.media, content, identity, visitor)
            else:
                kept = await sharing.read_pdf(content, visitor)
            if not kept:
                raise ApiError(422, "no_code_in_file")
        else:
            kept = await sharing.keep_photo(gateway.media, content, identity, visitor)
    except MediaError as error:
        large = str(error) == "too_large"
        raise ApiError(413 if large else 422, "too_large" if large else "not_a_picture") from None
    if refused := kept.get("refused"):
        log.info("photo_refused", conversation_id=identity, reason=refused)
        raise ApiError(422, str(refused))
    code = kept.get("application_code")
    if code and "stored" not in kept:
        values = json.dumps({"application_code": code})
        return Uploaded(media_id=None, payload=f"/inform_application_code{values}")
    name = str(kept["stored"])
    return Uploaded(media_id=name, payload=f"/share{json.dumps({'photo': name})}")


@router.get("/media/{media_id}", response_class=Response)
async def photo(
    gateway: GatewayParam,
    session: SessionParam,
    media_id: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")],
) -> Response:
    """A photo that this conversation sent."""
    content = await gateway.media.read(media_id, session.conversation_id)
    if content is None:
        raise ApiError(404, "not_found")
    return Response(content, media_type="image/jpeg")


def _photo(content_type: str, body: bytes) -> bytes:
    """The content of the part `photo` of a multipart form."""
    found = _BOUNDARY.match(content_type)
    if not found:
        raise ApiError(422, "not_a_picture")
    # The first part begins the body; each is ended by a line break and the boundary.
    for part in (b"\r\n" + body).split(b"\r\n--" + found[1].encode("latin-1")):
        head, gap, content = part.partition(b"\r\n\r\n")
        if gap and b'name="photo"' in head:
            return content
    raise ApiError(422, "not_a_picture")


async def _count(gateway: Gateway, identity: str) -> int:
    async with gateway.store.read() as connection:
        found = await connection.scalar(
            select(func.count()).select_from(MediaRow).where(MediaRow.conversation_id == identity)
        )
        return found or 0
