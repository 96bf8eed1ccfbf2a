"""What the gateway itself says: apologies, privacy, a person's coming and going, refusals."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import yaml

from channels.base import Button, Reply
from channels.texts import MENU
from console.answers import preview
from console.answers.kinds import Content, Item
from console.answers.preview import Shown
from console.answers.texts import Texts
from console.parts import Console
from troly.answers import checks, notices
from troly.answers.checks import Fault
from troly.answers.live import live
from troly.answers.notices import NOTICE, SETUP
from troly.answers.responses import LANGUAGES

_CHANNELS = {"website": ("web",), "checklist": ("web",)}
"""Where an area is read, if not everywhere. A text whose name begins with a channel's is that one's."""


class GatewayTexts(Texts):
    """The texts of channels/notices, edited like the assistant's; their buttons are texts of their own."""

    name = NOTICE
    path = "notices"
    areas: ClassVar[tuple[str, ...]] = (
        "general", "menu", "officials", "media", "transcript", "website", "telegram", "zalo", "checklist",
    )  # fmt: skip

    async def items(self, console: Console) -> dict[str, Item]:
        """As shipped; read from the files once."""
        return await asyncio.to_thread(_items)

    def faults(self, content: Content, item: Item) -> list[Fault]:
        """As the project's own texts are tested."""
        return notices.faults(item.key, item.shipped, content)

    def longest(self, item: Item) -> int:
        """Letters of each language."""
        return min(notices.longest(item.key, item.shipped.text[language]) for language in LANGUAGES)

    def places(self, item: Item) -> list[tuple[str, dict[str, str]]]:
        """The places of the text and their example values."""
        found = dict.fromkeys(
            place for language in LANGUAGES for place in checks.PLACE.findall(item.shipped.text[language])
        )
        return [(place, {language: _example(place, language) for language in LANGUAGES}) for place in found]

    async def shown(self, content: Content, item: Item, console: Console) -> list[Shown]:
        """With example values, among the texts that are live now."""
        async with console.store.read() as connection:
            changes = await live(connection, NOTICE)
        return await asyncio.to_thread(_shown, {**changes, item.key: content}, content, item)


def _shown(changes: dict[str, Any], content: Content, item: Item) -> list[Shown]:
    others = notices.Notices(changes)
    shown = []
    for language in LANGUAGES:
        values = {place: _example(place, language) for place in checks.places(content[language]["text"])}
        text = checks.PLACE.sub(lambda place: values[place[1]], content[language]["text"])  # noqa: B023
        titles: list[str] = []
        if item.area == "menu":
            titles = [text if name == item.key else others.say(name, language) for name, _ in MENU]
            text = others.say("greeting", language)
        elif item.key == "greeting":
            titles = [others.say(name, language) for name, _ in MENU]
        elif item.key.startswith("button_"):
            titles, text = [text], "…"
        buttons = [Button(title=title, payload="/inform") for title in titles]
        reply = Reply(id="1", text=text, language=language, buttons=buttons)
        on_channels = preview.on_channels(reply)
        read = _channels(item) or tuple(on_channels)
        shown.append(Shown(language, "", {channel: on_channels[channel] for channel in read}))
    return shown


def _channels(item: Item) -> tuple[str, ...]:
    own = tuple(name for name in ("telegram", "zalo_oa", "zalo_bot") if item.key.startswith(f"{name}_"))
    return own or _CHANNELS.get(item.area, ())


@lru_cache(maxsize=1)
def _items() -> dict[str, Item]:
    """In the order of the files."""
    return {
        name: Item(name, notice.area, {one: {"text": notice.text[one]} for one in LANGUAGES}, notice)
        for name, notice in notices.shipped().items()
        if notice.area != SETUP
    }


@lru_cache(maxsize=1)
def examples() -> dict[str, Any]:
    """console/answers/notice_examples.yml: a value for each place."""
    raw: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "notice_examples.yml").read_text("utf-8"))
    return raw


def _example(place: str, language: str) -> str:
    """One that has none shows its own name."""
    value = examples().get(place, f"{{{place}}}")
    return str(value[language] if isinstance(value, dict) else value)
