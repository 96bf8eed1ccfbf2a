"""What a citizen sent besides words: its kind, and the file that an official may open, if one is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from channels import sharing

KINDS = frozenset(
    {"image", "pages", "voice", "video", "file", "sticker", "location", "contact", "link"}
    | {"too_long", "button", "card", "code", "lost", "unsupported"}
)
"""Each has its text: conversations.sent_<kind>."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came with a message."""

    kind: str
    """One of KINDS; pages: a PDF of which the pages are kept as a picture."""
    name: str | None = None
    """Of the file in DATA_DIR/media; None where nothing is kept."""
    pages: int = 0
    """Of a PDF: how many it has."""
    code: str | None = None
    """Of an application, read in a picture or a PDF."""


def sent_of(media: dict[str, Any] | None, payload: str | None) -> Sent | None:
    """What an inbox row holds besides words; None for words alone and for buttons."""
    if not media:
        photo = sharing.photo_in(payload)
        return Sent("image", photo) if photo else None
    name, code, pages = media.get("stored"), media.get("application_code"), media.get("pages")
    return Sent(
        _kind(media),
        str(name) if name else None,
        pages if isinstance(pages, int) else 0,
        str(code) if code else None,
    )


def _kind(media: dict[str, Any]) -> str:
    kind = str(media.get("kind"))
    if media.get("refused"):
        return "card"
    if media.get("stored"):
        return "pages" if media.get("pages") else "voice" if kind == "audio" else kind
    if media.get("application_code"):
        return "code"
    if media.get("lost"):
        return "lost"
    kind = "voice" if kind == "audio" else kind
    return kind if kind in KINDS else "unsupported"
