"""Response texts: what the assistant says, with the titles of its buttons."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import Any, ClassVar

from console.answers import preview
from console.answers.kinds import Content, Form, Item, Kind
from console.answers.preview import Shown
from console.parts import Console
from troly.answers import checks
from troly.answers.checks import Fault
from troly.answers.live import RESPONSE, live
from troly.answers.responses import LANGUAGES, by_service

_GENERAL = {
    "utter_": "talk",
    "answer_": "procedures",
    "lacking_": "procedures",
    "label_": "words",
    "unit_": "words",
    "channel_": "words",
    "status_": "applications",
    "button_": "words",
    "application_": "applications",
    "ask_application_": "applications",
    "ask_code_": "applications",
    "malformed_": "applications",
}
"""Where the texts of vi.yml and en.yml belong, by the beginning of their names; the others: finding."""

AREAS = (
    "talk", "finding", "procedures", "applications", "words", "guides", "life_events", "notices", "offices",
    "person", "ratings", "reports", "sharing",
)  # fmt: skip


class Texts(Kind):
    """All responses of bot/responses."""

    name = RESPONSE
    path = "texts"
    areas: ClassVar[tuple[str, ...]] = AREAS

    async def items(self, console: Console) -> dict[str, Item]:
        """As shipped; read from the files once."""
        return await asyncio.to_thread(_items)

    def read(self, form: Form, item: Item) -> Content:
        """A text and as many button titles as the shipped response has, in both languages."""
        content: Content = {}
        for language in LANGUAGES:
            given: dict[str, Any] = {"text": checks.tidy(str(form.get(f"{language}.text", "")))}
            if own := item.content[language].get("buttons"):
                names = [f"{language}.button.{number}" for number in range(1, len(own) + 1)]
                given["buttons"] = [checks.tidy(str(form.get(name, ""))) for name in names]
            content[language] = given
        return content

    def faults(self, content: Content, item: Item) -> list[Fault]:
        """As the project's own texts are tested."""
        return checks.response(item.key, item.shipped, content)

    def fields(self, content: Content) -> dict[str, str]:
        """Text and buttons, Vietnamese first."""
        found = {}
        for language in LANGUAGES:
            given = content.get(language) or {}
            found[f"{language}.text"] = str(given.get("text", ""))
            for number, title in enumerate(given.get("buttons") or [], start=1):
                found[f"{language}.button.{number}"] = str(title)
        return found

    def titles(self, content: Content) -> tuple[str, str]:
        """The text itself."""
        vi, en = ((content.get(language) or {}).get("text", "") for language in LANGUAGES)
        return str(vi), str(en)

    async def shown(self, content: Content, item: Item, console: Console) -> list[Shown]:
        """With example values, among the texts that are live now."""
        async with console.store.read() as connection:
            changes = await live(connection, RESPONSE)
        return await asyncio.to_thread(preview.say, {**changes, item.key: content}, item.key)

    def longest(self, item: Item) -> int:
        """Letters of the text."""
        return checks.LONGEST_TITLE if item.key.startswith("button_") else checks.LONGEST

    def places(self, item: Item) -> list[tuple[str, dict[str, str]]]:
        """Those of the shipped text, in its order."""
        return places_of(item)


@lru_cache(maxsize=1)
def _items() -> dict[str, Item]:
    vi, en = (by_service(language) for language in LANGUAGES)
    found = {}
    for service, responses in vi.items():
        for name, response in responses.items():
            both = {"vi": response, "en": en[service][name]}
            content = {language: _content(one) for language, one in both.items()}
            found[name] = Item(name, _area(service, name), content, both)
    return dict(sorted(found.items(), key=lambda pair: AREAS.index(pair[1].area)))


def _content(response: dict[str, Any]) -> dict[str, Any]:
    buttons = [str(button["title"]) for button in response.get("buttons") or []]
    text = {"text": str(response["text"]).rstrip("\n")}
    return text | ({"buttons": buttons} if buttons else {})


def _area(service: str, name: str) -> str:
    if service != "general":
        return service
    return next((area for start, area in _GENERAL.items() if name.startswith(start)), "finding")


def places_of(item: Item) -> list[tuple[str, dict[str, str]]]:
    """The places of a response and their example values in both languages, in the order of the text."""
    order = dict.fromkeys(
        place for language in LANGUAGES for place in checks.PLACE.findall(item.content[language]["text"])
    )
    values = preview.values_for(item.key)
    return [
        (place, {language: preview.renderer(language, {}).value(values[place]) for language in LANGUAGES})
        for place in order
    ]
