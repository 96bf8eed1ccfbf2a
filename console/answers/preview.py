"""What a citizen would read on each channel, made by the same functions as what is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from pathlib import Path
from typing import Any

from channels.base import Button, Link, Reply
from channels.telegram.rendering import render as telegram
from channels.zalo_bot.rendering import render as zalo_bot
from channels.zalo_oa.render import render as zalo_oa
from troly import yaml_files
from troly.answers.rendering import Renderer
from troly.answers.responses import LANGUAGES, changed, english_terms, load

_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Message:
    """One message on a channel."""

    text: str
    buttons: tuple[str, ...] = ()
    sent: str = ""
    """As it goes to the platform, where that is not what one reads."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is said in one language."""

    language: str
    heading: str
    """What it is; "" for the thing itself, else a key under answers.shown_ with its number behind "."."""
    channels: dict[str, tuple[Message, ...]]
    """web, telegram, zalo_oa, zalo_bot."""


class Examples(dict[str, Any]):
    """Values for a response's places; one that has none shows its own name."""

    def __missing__(self, place: str) -> str:
        return f"{{{place}}}"


@lru_cache(maxsize=1)
def examples() -> dict[str, Any]:
    """console/answers/examples.yml: values as actions give them."""
    raw: dict[str, Any] = yaml_files.read(Path(__file__).parent / "examples.yml")
    return raw


def values_for(name: str) -> Examples:
    """The example values of a response."""
    known = examples()
    return Examples({**known["all"], **known["responses"].get(name, {})})


@lru_cache(maxsize=2)
def shipped(language: str) -> dict[str, dict[str, Any]]:
    """The shipped responses, read once."""
    return load(language)


def renderer(language: str, changes: Mapping[str, Any]) -> Renderer:
    """A renderer with what is live or tried (response -> language -> text, buttons)."""
    known = dict(shipped(language))
    for name, content in changes.items():
        given = (content or {}).get(language)
        own = known.get(name, {}).get("buttons") or []
        if name in known and given and len(given.get("buttons") or []) == len(own):
            known[name] = changed(known[name], given)
    return Renderer(language, known, english_terms() if language == "en" else None)


def say(
    changes: Mapping[str, Any],
    name: str,
    values: Mapping[str, Any] | None = None,
    heading: str = "",
    links: Sequence[Mapping[str, Any]] = (),
) -> list[Shown]:
    """A response as citizens read it on every channel, in both languages."""
    shown = []
    for language in LANGUAGES:
        by = renderer(language, changes)
        given = Examples({**values_for(name), **(values or {})})
        reply = Reply(
            id="1",
            text=by.text(name, given),
            language=language,
            buttons=[Button(**button) for button in by.buttons(name, given)],
            links=[Link(title=by.value(link["title"]), url=str(link["url"])) for link in links],
        )
        shown.append(Shown(language, heading, on_channels(reply)))
    return shown


def on_channels(reply: Reply) -> dict[str, tuple[Message, ...]]:
    """A reply as each channel would send it."""
    titles = tuple(button.title for button in reply.buttons)
    links = tuple(link.title for link in reply.links)
    return {
        "web": (Message(reply.text, (*titles, *links)),),
        "telegram": tuple(
            Message(
                unescape(_TAG.sub("", part["text"])),
                tuple(cell[0] for row in part.get("buttons", []) for cell in row),
                part["text"],
            )
            for part in telegram(reply)
        ),
        "zalo_oa": tuple(map(_zalo, zalo_oa(reply))),
        "zalo_bot": tuple(Message(str(part.get("text", ""))) for part in zalo_bot(reply)),
    }


def _zalo(part: dict[str, Any]) -> Message:
    message = part.get("message", {})
    payload = message.get("attachment", {}).get("payload", {})
    rows = [row["title"] for row in payload.get("elements", [])]
    return Message(
        str(message.get("text", "")),
        (*rows, *(button["title"] for button in payload.get("buttons", []))),
    )
