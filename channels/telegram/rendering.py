"""A reply as calls of the Bot API: HTML, within Telegram's limits.

Limits (core.telegram.org/bots/api): text 4096 and caption 1024 UTF-16 units after the tags are read,
callback_data 64 bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import urljoin, urlsplit

from channels.base import Button, Link, Part, Reply
from channels.choices import reference, thumb
from channels.splitting import split, units
from channels.texts import say

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
_TITLE_LIMIT = 200
_BUTTON_LIMIT = 60
"""Longer titles are cut by the app on a telephone."""
_SHORT = 16
"""Two buttons up to this length share a row."""
_MOST_BUTTONS = 100


def render(reply: Reply, *, public_url: str = "") -> list[Part]:
    """The calls that tell a reply, at least one; buttons stand under the last.

    Under an answer with a source there are thumbs, too.

    A part is {"method", "text" (HTML), "buttons"?: rows of [title, reference]}, and of a photo also
    "photo" (its address) and "instead": the text where Telegram cannot fetch it.
    """
    pieces = _with_links(split(reply.text, TEXT_LIMIT), reply.links)
    parts: list[Part] = []
    if image := _image(reply.image, public_url):
        captioned = len(pieces) == 1 and units(_visible(pieces[0])) <= CAPTION_LIMIT
        caption = _html(pieces.pop()) if captioned else ""
        instead = caption or _html([Link(title=say("telegram_picture", reply.language), url=image)])
        parts.append({"method": "sendPhoto", "photo": image, "text": caption, "instead": instead})
    parts += [{"method": "sendMessage", "text": _html(piece)} for piece in pieces]
    if not parts:
        parts.append({"method": "sendMessage", "text": "…"})
    rows = _rows(reply.id, reply.buttons)
    if reply.answer and reply.answer.status == "answered" and reply.answer.sources:
        rows.append([["👍", thumb(reply.id, up=True)], ["👎", thumb(reply.id, up=False)]])
    if rows:
        parts[-1]["buttons"] = rows
    return parts


Piece = list[str | Link]
"""Lines of plain text and links: what one message shows."""


def _with_links(texts: Sequence[str], links: Sequence[Link]) -> list[Piece]:
    """The texts with the links after the last, each on a line of its own that is never cut."""
    pieces: list[Piece] = [[text] for text in texts]
    for number, link in enumerate(links):
        line = _line(link)
        gap = 2 if number == 0 else 1
        if not pieces or units(_visible(pieces[-1])) + gap + units(_visible([line])) > TEXT_LIMIT:
            pieces.append([line])
        else:
            pieces[-1] += ["", line] if gap == 2 else [line]
    return pieces


def _line(link: Link) -> str | Link:
    """The link where Telegram would make it one, else its title and address to read."""
    title = split(link.title, _TITLE_LIMIT)[0] if link.title.strip() else link.url[:_TITLE_LIMIT]
    if _opens(link.url):
        return Link(title=title, url=link.url)
    return f"{title}: {link.url[:_TITLE_LIMIT]}"


def _opens(url: str) -> bool:
    """Whether Telegram takes the address for a link: it silently drops those of a host without a dot."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and "." in (parts.hostname or "") and len(url) <= 2048
    except ValueError:
        return False


def _visible(piece: Piece) -> str:
    return "\n".join(line.title if isinstance(line, Link) else line for line in piece)


def _html(piece: Piece) -> str:
    return "\n".join(
        f'<a href="{escape(line.url)}">{escape(line.title)}</a>'
        if isinstance(line, Link)
        else escape(line, quote=False)
        for line in piece
    )


def _image(image: str | None, public_url: str) -> str | None:
    """The address under which Telegram's servers can fetch the picture; None when there is none."""
    if not image:
        return None
    address = urljoin(public_url.rstrip("/") + "/", image) if public_url else image
    return address if _opens(address) else None


def _rows(reply_id: str, buttons: Sequence[Button]) -> list[list[list[str]]]:
    rows: list[list[list[str]]] = []
    for index, button in enumerate(buttons[:_MOST_BUTTONS]):
        title = _short(button.title)
        fits = bool(rows) and len(rows[-1]) == 1 and len(title) <= _SHORT and len(rows[-1][0][0]) <= _SHORT
        cell = [title, reference(reply_id, index)]
        if fits:
            rows[-1].append(cell)
        else:
            rows.append([cell])
    return rows


def _short(title: str) -> str:
    line = " ".join(title.split()) or "…"
    return line if len(line) <= _BUTTON_LIMIT else line[: _BUTTON_LIMIT - 1].rstrip() + "…"
