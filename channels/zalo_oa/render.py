"""A reply as the calls that bring it to Zalo: text, buttons, a list, an image or a file.

Buttons stand under the last piece of the text, five at most; more choices follow in a second message.
Choices too long for a button become a list, which shows a title and a second line; Zalo documents
lists for its older API only, so each carries the plain message that takes its place if it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from channels.base import Button, Link, Part, Reply
from channels.choices import reference
from channels.splitting import shorten, split, units
from channels.texts import say
from channels.zalo_oa.attachments import web_address

TEXT = 2000
TITLE = 100
BUTTONS = 5
PAYLOAD = 1000
_COMFORT = 40
"""Units of a button's title that a phone shows on one line."""
_FILES = (".pdf", ".doc", ".docx", ".csv")


def render(reply: Reply) -> list[Part]:
    """The parts of a reply, in order, at least one."""
    links, listed = _place_links(reply)
    text = "\n".join(filter(None, (reply.text.strip(), *listed)))
    parts: list[Part] = []
    if (address := web_address(reply.image or "")) and len(address) <= PAYLOAD:
        shown = _attachment(address, reply.language)
        fits = units(text) + units(shown["instead"]["text"]) < TEXT
        if shown["kind"] == "image" and not (reply.buttons or links) and fits:
            return [_captioned(shown, text)]
        parts.append(shown)
        if not (text or reply.buttons or links):
            return parts
    choices = [_choice(button, reference(reply.id, index)) for index, button in enumerate(reply.buttons)]
    if 3 <= len(choices) <= BUTTONS and any(units(button.title) > _COMFORT for button in reply.buttons):
        return parts + _with_list(reply, text, choices, links)
    *before, last = split(text or (say("zalo_oa_choose", reply.language) if choices else ""), TEXT) or [""]
    parts += [_text(piece) for piece in before]
    first, rest = choices[:BUTTONS], choices[BUTTONS:]
    parts.append(_text(last or "…", first + links))
    while rest:
        parts.append(_text(say("zalo_oa_more", reply.language), rest[:BUTTONS]))
        rest = rest[BUTTONS:]
    return parts


def plain(message: dict[str, Any], *, choices: bool = True) -> str:
    """A message's text with its buttons as lines, for a visitor who can be sent text only.

    They carry no numbers: a number would not come back as a choice, the words do. Without `choices`
    only the links are added, because the text names the choices.
    """
    lines = [
        f"• {button['title']}{_address_of(button)}"
        for button in _payload(message).get("buttons", [])
        if choices or isinstance(button["payload"], dict)
    ]
    return "\n".join([message.get("text", ""), *lines]).strip()


def _with_list(
    reply: Reply, text: str, choices: list[dict[str, Any]], links: list[dict[str, Any]]
) -> list[Part]:
    pieces = split(text or say("zalo_oa_choose", reply.language), TEXT)
    elements = [
        _element(button, choice["payload"]) for button, choice in zip(reply.buttons, choices, strict=True)
    ]
    payload = {"template_type": "list", "elements": elements} | ({"buttons": links} if links else {})
    numbered = [
        choice | {"title": shorten(f"{number}. {button.title}", TITLE)}
        for number, (button, choice) in enumerate(zip(reply.buttons, choices, strict=True), start=1)
    ]
    full = [f"{number}. {shorten(button.title, 300)}" for number, button in enumerate(reply.buttons, start=1)]
    shown = {"kind": "list", "message": {"attachment": {"type": "template", "payload": payload}}}
    return [*map(_text, pieces), shown | {"instead": _text("\n".join(full), numbered + links)["message"]}]


def _element(button: Button, payload: str) -> dict[str, Any]:
    """A row of a list: what follows a dash, a bracket or the comfortable length goes to its second line."""
    title = " ".join(button.title.split())
    head, rest = title, ""
    if found := re.match(r"(.{8,60}?)\s*(?:[–—-]\s+|(?=\())(.+)", title):
        head, rest = found[1], found[2]
    elif units(title) > TITLE:
        head, rest = split(title, TITLE)[0], title[len(split(title, TITLE)[0]) :]
    row: dict[str, Any] = {"title": shorten(head, TITLE)}
    if rest.strip():
        row["subtitle"] = shorten(rest, 300)
    return row | {"default_action": {"type": "oa.query.hide", "payload": payload}}


def _choice(button: Button, payload: str) -> dict[str, Any]:
    return {"type": "oa.query.hide", "title": shorten(button.title, TITLE) or "…", "payload": payload}


def _place_links(reply: Reply) -> tuple[list[dict[str, Any]], list[str]]:
    """The links as buttons where all fit beside the choices, else as lines of the text."""
    made = [_link(link) for link in reply.links]
    if len(made) + len(reply.buttons) > BUTTONS:
        made = [None] * len(made)
    buttons = [button for button in made if button]
    lines = [
        f"{link.title}: {link.url.removeprefix('tel:')}"
        for link, button in zip(reply.links, made, strict=True)
        if not button
    ]
    return buttons, lines


def _link(link: Link) -> dict[str, Any] | None:
    title = shorten(link.title, TITLE) or shorten(urlsplit(link.url).netloc or link.url, TITLE)
    if link.url.startswith("tel:") and (digits := re.sub(r"\D", "", link.url)):
        # A number within Vietnam with its country code; short ones (1022) and hotlines stay as they are.
        code = f"84{digits[1:]}" if digits.startswith("0") else digits
        return {"type": "oa.open.phone", "title": title, "payload": {"phone_code": code}}
    address = web_address(link.url)
    if not address or len(address) > PAYLOAD:
        return None
    return {"type": "oa.open.url", "title": title, "payload": {"url": address}}


def _attachment(address: str, language: str) -> Part:
    """An image or a file, and the text with its address for when it cannot be sent."""
    kind = "file" if urlsplit(address).path.lower().endswith(_FILES) else "image"
    return {
        "kind": kind,
        "url": address,
        "text": "",
        "instead": {"text": say(f"zalo_oa_{kind}", language, url=address)},
    }


def _captioned(part: Part, text: str) -> Part:
    instead = "\n".join(filter(None, (text, part["instead"]["text"])))
    return part | {"text": text, "instead": {"text": instead}}


def _text(text: str, buttons: Sequence[dict[str, Any]] = ()) -> Part:
    message: dict[str, Any] = {"text": text}
    if buttons:
        message["attachment"] = {"type": "template", "payload": {"buttons": list(buttons)}}
    return {"kind": "text", "message": message}


def _address_of(button: dict[str, Any]) -> str:
    opens = button["payload"]
    return f": {opens.get('url') or opens.get('phone_code')}" if isinstance(opens, dict) else ""


def _payload(message: dict[str, Any]) -> dict[str, Any]:
    payload: dict[str, Any] = message.get("attachment", {}).get("payload", {})
    return payload
