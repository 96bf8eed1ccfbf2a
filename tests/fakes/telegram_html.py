"""Telegram's HTML, read as strictly as Telegram reads it (Bot API, "HTML style")."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

_TAGS = re.compile(r"b|strong|i|em|u|ins|s|strike|del|a|code|pre|blockquote|tg-spoiler|tg-emoji|span")
_TOKEN = re.compile(r"<(/?)([a-zA-Z][a-zA-Z-]*)((?:\s[^<>]*)?)>|&([a-zA-Z]+|#\d+|#x[0-9a-fA-F]+);")
_HREF = re.compile(r"""\s+href=(?:"([^"]*)"|'([^']*)')\s*""")
_NAMED = frozenset({"lt", "gt", "amp", "quot"})


class CannotParse(ValueError):
    """What Telegram answers: "can't parse entities: …"."""


@dataclass
class Parsed:
    """What the citizen sees."""

    text: str = ""
    links: list[str] = field(default_factory=list)


def parse(source: str) -> Parsed:
    """The text without tags and the addresses of its links. Raises CannotParse."""
    parsed, open_tags, at = Parsed(), [], 0
    while at < len(source):
        found = _TOKEN.match(source, at)
        if source[at] == "<" and not (found and found[2]):
            raise CannotParse(f"can't parse entities: Unsupported start tag at byte offset {at}")
        if not found:
            parsed.text += source[at]
            at += 1
            continue
        at = found.end()
        if entity := found[4]:
            known = entity in _NAMED or entity.startswith("#")
            parsed.text += html.unescape(found[0]) if known else found[0]
        elif found[1]:
            if not open_tags or open_tags.pop() != found[2]:
                raise CannotParse(f"can't parse entities: Unexpected end tag at byte offset {at}")
        else:
            _open(found[2], found[3], parsed)
            open_tags.append(found[2])
    if open_tags:
        raise CannotParse(f"can't parse entities: Can't find end tag corresponding to {open_tags[-1]!r}")
    parsed.text = parsed.text.strip()
    return parsed


def _open(tag: str, attributes: str, parsed: Parsed) -> None:
    if not _TAGS.fullmatch(tag):
        raise CannotParse(f"can't parse entities: Unsupported start tag {tag!r}")
    if tag == "a":
        href = _HREF.fullmatch(attributes)
        if not href:
            raise CannotParse("can't parse entities: bad attributes of a")
        address = html.unescape(href[1] or href[2] or "")
        if re.match(r"https?://[^/\s]*\.[^\s]+", address):
            parsed.links.append(address)
    elif attributes.strip() and tag not in ("code", "span", "blockquote", "tg-emoji"):
        raise CannotParse(f"can't parse entities: unexpected attribute of {tag}")
