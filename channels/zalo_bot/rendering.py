"""A reply as calls of the platform: plain texts of at most 2,000 characters, and a photo."""

from __future__ import annotations

from urllib.parse import urljoin

from channels.base import Part, Reply
from channels.splitting import split
from channels.texts import say

TEXT_LIMIT = 2000
"""Characters of one message. Counted in UTF-16 units, as the platform counts its text styles."""


def render(reply: Reply, public_url: str = "") -> list[Part]:
    """The calls for a reply, each {"method", …body without chat_id}.

    The photo comes after the text and without a caption: the platform fetches it itself, and when it
    cannot, the text has arrived all the same.
    """
    parts: list[Part] = [
        {"method": "sendMessage", "text": piece} for piece in split(_text(reply), TEXT_LIMIT)
    ]
    if image := _address(reply.image, public_url):
        parts.append({"method": "sendPhoto", "photo": image})
    return parts or [{"method": "sendMessage", "text": "…"}]


def _text(reply: Reply) -> str:
    blocks = [reply.text.strip()]
    links = [
        f"{link.title.strip()}: {link.url}" if link.title.strip() else link.url
        for link in reply.links
        if link.url not in reply.text
    ]
    if links:
        blocks.append("\n".join(links))
    if reply.buttons:
        lines = [
            f"{number}. {' '.join(button.title.split())}"
            for number, button in enumerate(reply.buttons, start=1)
        ]
        blocks.append("\n".join([*lines, _choose(reply.language, len(lines))]))
    return "\n\n".join(block for block in blocks if block)


def _choose(language: str, count: int) -> str:
    """The one line that says how to choose among `count` options."""
    if count == 1:
        return say("zalo_bot_choose_one", language)
    return say("zalo_bot_choose_number", language, count=count)


def _address(image: str | None, public_url: str) -> str | None:
    """The platform only takes an address on the internet; our own pictures have one under PUBLIC_URL."""
    if not image:
        return None
    address = urljoin(public_url.rstrip("/") + "/", image) if public_url else image
    return address if address.startswith(("https://", "http://")) else None
