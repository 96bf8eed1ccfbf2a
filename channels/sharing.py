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
from channels.turnstile import Turnstile

_TAKES_PHOTOS = frozenset({"report_issue", "complain_service"})
_PHONE = re.compile(r"\+?\d{9,15}")

# Unpacked pictures are large and a PDF may take ten seconds: two of each kind at once in this process, and
# one visitor never has both places.
_PHOTOS, _PDFS = Turnstile(2, each=1), Turnstile(2, each=1)

PLAYED = frozenset({"audio/ogg", "audio/mpeg", "audio/aac", "video/mp4"})
"""Besides pictures, what is kept: browsers play it. Nobody opens other files, so they are only named."""

_PAGES_SIDE = 6500
"""Pixels of all drawn pages of a PDF together."""


async def keep(
    store: MediaStore,
    content: bytes,
    media: dict[str, Any],
    conversation_id: str,
    *,
    for_staff: bool = False,
) -> dict[str, Any]:
    """The media record with what became of the content; a picture is kept without its metadata.

    `for_staff`: an official was asked for, or answers, and will look. Raises MediaError for a picture that
    is none.
    """
    mime = kind_of(content)
    visitor = conversation_id
    if mime == PDF:
        if for_staff:
            found = await keep_pdf(store, content, conversation_id, visitor)
        else:
            found = await read_pdf(content, visitor)
        return media | {"kind": "file", "mime": PDF} | found
    if media.get("kind") != "image" and not mime.startswith("image/"):
        if mime not in PLAYED:
            return media
        stored = await store.keep(content, mime, conversation_id=conversation_id)
        return media | {"stored": stored.sha256, "mime": stored.mime, "size": stored.size}
    return media | {"kind": "image"} | await keep_photo(store, content, conversation_id, visitor)


async def read_pdf(content: bytes, visitor: str) -> dict[str, Any]:
    """What a PDF came to: "application_code", or "refused", or nothing. It is never kept.

    `visitor`: for whom the others wait no longer than for anybody else.
    """
    try:
        async with _PDFS.turn(visitor):
            code = await pdf_reading.application_code(content)
    except MediaError as error:
        return _not_read(error)
    return {"application_code": code} if code else {}


async def keep_pdf(store: MediaStore, content: bytes, conversation_id: str, visitor: str) -> dict[str, Any]:
    """The same, with "stored" and "pages" (their number) for its pages as a picture."""
    try:
        async with _PDFS.turn(visitor):
            pages = await pdf_reading.pages(content)
        async with _PHOTOS.turn(visitor):
            picture = await photos.cleaned(pages.picture, _PAGES_SIDE)
    except MediaError as error:
        return _not_read(error)
    stored = await store.keep(picture.content, "image/jpeg", conversation_id=conversation_id)
    kept = {"stored": stored.sha256, "size": stored.size, "pages": pages.count}
    return kept | ({"application_code": pages.code} if pages.code else {})


def _not_read(error: MediaError) -> dict[str, Any]:
    return {"refused": str(error)} if str(error) == "personal_card" else {}


async def keep_photo(store: MediaStore, content: bytes, conversation_id: str, visitor: str) -> dict[str, Any]:
    """What a photo came to: "stored", "mime" and "size"; or "application_code"; or "refused".

    `visitor` as for read_pdf(). Raises MediaError.
    """
    async with _PHOTOS.turn(visitor):
        found = await photos.read(content)
    match found:
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


def sent_kind(media: dict[str, Any] | None) -> str | None:
    """What a message's media is called in the transcript: photo, voice, video, file, location or phone."""
    return _CALLED.get(str((media or {}).get("kind")))


_CALLED = {
    "image": "photo",
    "voice": "voice",
    "audio": "voice",
    "video": "video",
    "file": "file",
    "location": "location",
    "contact": "phone",
}
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
