"""What the assistant is told of a photo, a location or a contact, in the words of a button.

    a photo or PDF with an application's code /inform_application_code{"application_code": "H49.33-…"}
    any other photo                           /share{"photo": "<name in the media store>"}
    a location                                /share{"latitude": "20.957", "longitude": "107.048"}
    the citizen's own contact                 /share{"phone": "0912345678"}

Words beside a photo go to the assistant as they are; the photo's name then stands in the metadata.
"""

from __future__ import annotations

import json
import re
from typing import Any

from channels import pdf_reading, photos
from channels.base import Outbound
from channels.errors import MediaError
from channels.media import PDF, MediaStore, kind_of

_TAKES_PHOTOS = frozenset({"report_issue", "complain_service"})
_PHONE = re.compile(r"\+?\d{9,15}")


async def keep(
    store: MediaStore, content: bytes, media: dict[str, Any], conversation_id: str
) -> dict[str, Any]:
    """The media record with what became of the content; a picture is kept without its metadata.

    Raises MediaError for a picture that is none.
    """
    mime = kind_of(content)
    if mime == PDF:
        return media | {"kind": "file"} | await read_pdf(content)
    if media.get("kind") != "image" and not mime.startswith("image/"):
        stored = await store.keep(content, mime, conversation_id=conversation_id)
        return media | {"stored": stored.sha256, "mime": stored.mime, "size": stored.size}
    return media | {"kind": "image"} | await keep_photo(store, content, conversation_id)


async def read_pdf(content: bytes) -> dict[str, Any]:
    """What a PDF came to: "application_code", or "refused", or nothing. It is never kept."""
    try:
        code = await pdf_reading.application_code(content)
    except MediaError as error:
        return {"refused": str(error)} if str(error) == "personal_card" else {}
    return {"application_code": code} if code else {}


async def keep_photo(store: MediaStore, content: bytes, conversation_id: str) -> dict[str, Any]:
    """What a photo came to: "stored", "mime" and "size"; or "application_code"; or "refused".

    Raises MediaError.
    """
    match await photos.read(content):
        case photos.ApplicationCode(code):
            return {"application_code": code}
        case photos.PersonalCard():
            return {"refused": "personal_card"}
        case photos.Picture(pixels):
            stored = await store.keep(pixels, "image/jpeg", conversation_id=conversation_id)
            return {"stored": stored.sha256, "mime": stored.mime, "size": stored.size}


def payload_of(media: dict[str, Any] | None, text: str | None) -> str | None:
    """What the media says to the assistant; None where it says nothing, or where the words say it."""
    if not media:
        return None
    if code := media.get("application_code"):
        return _payload("inform_application_code", application_code=code)
    if text:
        return None
    kind = media.get("kind")
    if kind == "image" and media.get("stored"):
        return _payload("share", photo=media["stored"])
    if kind == "location":
        return _location(media)
    if kind == "contact" and media.get("own_phone"):
        phone = re.sub(r"[^\d+]", "", str(media.get("phone") or ""))
        return _payload("share", phone=phone) if _PHONE.fullmatch(phone) else None
    return None


def beside(media: dict[str, Any] | None) -> str | None:
    """The stored photo that came with words."""
    name = (media or {}).get("stored") if (media or {}).get("kind") == "image" else None
    return str(name) if name else None


def was_taken(replies: list[Outbound]) -> bool:
    """Whether the answer to the words also took the photo beside them."""
    return any(reply.answer and reply.answer.intent in _TAKES_PHOTOS for reply in replies)


def photo_in(payload: str | None) -> str | None:
    """The photo that a /share payload names."""
    values = _values(payload)
    return str(values["photo"]) if "photo" in values else None


def kind_in(payload: str | None) -> str | None:
    """What a /share payload shares: photo, location or phone."""
    values = _values(payload)
    return next((kind for name, kind in _KINDS.items() if name in values), None)


_KINDS = {"photo": "photo", "latitude": "location", "phone": "phone"}


def _values(payload: str | None) -> dict[str, Any]:
    if not payload or not payload.startswith("/share{"):
        return {}
    try:
        values = json.loads(payload.removeprefix("/share"))
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _location(media: dict[str, Any]) -> str | None:
    try:
        latitude, longitude = float(media["latitude"]), float(media["longitude"])
    except (KeyError, TypeError, ValueError):
        return None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return None
    return _payload("share", latitude=f"{latitude:.6f}", longitude=f"{longitude:.6f}")


def _payload(intent: str, **values: str) -> str:
    return f"/{intent}{json.dumps(values)}"
