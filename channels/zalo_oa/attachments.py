"""Zalo's attachments as the media record that all channels share (channels/reception.py)."""

from __future__ import annotations

import json
import math
from typing import Any

from troly.text import clean

_KINDS = {
    "image": "image",
    "gif": "image",
    "audio": "voice",
    "video": "video",
    "sticker": "sticker",
    "file": "file",
    "link": "link",
}
_URL_LIMIT = 2000


def short(value: Any, limit: int = 200) -> str:
    """A string without control characters and cut; empty for anything that is no string."""
    return clean(value[: limit * 2])[:limit] if isinstance(value, str) else ""


def media_of(kind: str, attachment: Any, message: dict[str, Any]) -> dict[str, Any]:
    """The media record of one attachment of an event user_send_<kind>."""
    payload = _object(_object(attachment).get("payload"))
    if kind == "location":
        return _location(payload, message)
    if kind == "business_card":
        return _card(payload)
    if kind not in _KINDS:
        return {"kind": "unsupported"}
    media: dict[str, Any] = {"kind": _KINDS[kind]}
    if url := web_address(payload.get("url")):
        media["url"] = url
    if kind == "gif":
        media["mime"] = "image/gif"
    if name := short(payload.get("name") or payload.get("title")):
        media["name"] = name
    if kind == "file" and (size := short(payload.get("size"), 15)).isdecimal():
        media["size"] = int(size)
    return media


def shared_contact(body: dict[str, Any]) -> dict[str, Any]:
    """The name and phone that a citizen gave through Zalo's own form: theirs, says Zalo."""
    info = _object(body.get("info"))
    return _contact(info.get("phone"), info.get("name"), own=True)


def web_address(value: Any) -> str:
    """An http(s) address; empty for anything else."""
    address = short(value, _URL_LIMIT + 1)
    return address if address.startswith(("https://", "http://")) and len(address) <= _URL_LIMIT else ""


def _card(payload: dict[str, Any]) -> dict[str, Any]:
    """A business card: a link whose description is JSON with the phone. Anyone's, not the sender's."""
    described = short(payload.get("description"), 4000)
    try:
        inner = _object(json.loads(described, parse_int=str, parse_float=str))
    except (ValueError, RecursionError):
        inner = {}
    phone = payload.get("phone") or inner.get("phone")
    return _contact(phone, payload.get("name") or payload.get("title") or inner.get("name"), own=False)


def _contact(phone: Any, name: Any, *, own: bool) -> dict[str, Any]:
    media: dict[str, Any] = {"kind": "contact", "own_phone": own}
    digits = "".join(letter for letter in short(phone, 30) if letter in "+0123456789")
    if digits:
        media["phone"] = digits
    if called := short(name, 100):
        media["name"] = called
    return media


def _location(payload: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    for place in (payload.get("coordinates"), payload, message.get("location")):
        found = _object(place)
        latitude = _degrees(found.get("latitude", found.get("lat")), 90)
        longitude = _degrees(found.get("longitude", found.get("long")), 180)
        if latitude is not None and longitude is not None:
            return {"kind": "location", "latitude": latitude, "longitude": longitude}
    return {"kind": "unsupported"}


def _degrees(value: Any, limit: float) -> float | None:
    """Zalo writes degrees as strings."""
    try:
        degrees = float(value) if isinstance(value, str) and len(value) < 40 else math.nan
    except ValueError:
        return None
    return degrees if abs(degrees) <= limit else None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
