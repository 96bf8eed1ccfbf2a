"""Guides: how-to texts, told one step at a time."""

from __future__ import annotations

import asyncio
import copy
from dataclasses import replace
from functools import lru_cache
from typing import Any, ClassVar

from console.answers import preview
from console.answers.kinds import Content, Form, Item, Kind
from console.answers.preview import Shown
from console.parts import Console
from troly.answers import checks
from troly.answers.checks import Fault
from troly.answers.guides import raw_guides
from troly.answers.live import GUIDE, MADE, RESPONSE, live
from troly.answers.responses import LANGUAGES

MOST_STEPS = 20
PLACES = range(1, 9)
"""Of the topics that the assistant offers without a question."""
_START = [{"title": {"response": "button_guide_start"}, "payload": "/inform"}]
_NEXT = [
    {"title": {"response": "button_guide_next"}, "payload": "/inform"},
    {"title": {"response": "button_guide_stuck"}, "payload": "/inform"},
]


class Guides(Kind):
    """All guides of actions/data/guides; a content is what such a file says."""

    name = GUIDE
    path = "guides"
    grows = True
    first: ClassVar[Form] = {"common": "7"}  # after those that are shipped

    async def items(self, console: Console) -> dict[str, Item]:
        """As shipped; read from the files once."""
        return await asyncio.to_thread(_items)

    def blank(self, key: str, console: Console, content: Content | None = None) -> Item:
        """A guide that staff make."""
        item = Item(key, "guides", {}, made=True)
        return replace(item, content=self.read({}, item))

    def copied(self, content: Content) -> Content:
        """All but how people ask for it: that leads to the other."""
        return {**content, "names": []}

    def choices(self, item: Item) -> dict[str, list[tuple[str, str]]]:
        """The places among the topics."""
        return {"common": [(str(place), str(place)) for place in PLACES]}

    def read(self, form: Form, item: Item) -> Content:
        """The form's texts. A step without any text is left out: so steps are removed."""

        def text(field: str) -> str:
            return checks.tidy(str(form.get(field, "")))

        def both(part: str) -> dict[str, str]:
            return {language: text(f"{part}.{language}") for language in LANGUAGES}

        steps = []
        for number in range(1, MOST_STEPS + 3):
            step: dict[str, Any] = both(f"step.{number}")
            stuck = both(f"step.{number}.stuck")
            if any(stuck.values()):
                step["stuck"] = stuck
            if any(step.values()):
                steps.append(step)
        names = [checks.tidy(line) for line in str(form.get("names", "")).splitlines()]
        source = {part: text(f"source.{part}") for part in ("title", "url", "as_of")}
        common = str(form.get("common", ""))
        return {
            **{part: both(part) for part in ("title", "needs")},
            "names": [name for name in names if name],
            "steps": steps,
            "stuck": both("stuck"),
            "source": source,
            **({"common": int(common)} if common in map(str, PLACES) else {}),
            **({MADE: True} if item.made else {}),
        }

    def faults(self, content: Content, item: Item) -> list[Fault]:
        """As the project's own guides are tested."""
        return checks.guide(content)

    def fields(self, content: Content) -> dict[str, str]:
        """Every text, then how people ask for it, then the source."""
        found = {field: text for field, _, text in checks.guide_texts(content)}
        source = content.get("source") or {}
        return {
            **found,
            "common": str(content.get("common") or ""),
            "names": "\n".join(map(str, content.get("names") or [])),
            **{f"source.{part}": str(source.get(part) or "") for part in ("title", "url", "as_of")},
        }

    def titles(self, content: Content) -> tuple[str, str]:
        """The title."""
        vi, en = ((content.get("title") or {}).get(language, "") for language in LANGUAGES)
        return str(vi), str(en)

    async def shown(self, content: Content, item: Item, console: Console) -> list[Shown]:
        """The overview and every step, as the texts that are live now tell them."""
        async with console.store.read() as connection:
            changes = await live(connection, RESPONSE)
        return await asyncio.to_thread(_shown, changes, content)


def _shown(changes: dict[str, Any], content: Content) -> list[Shown]:
    steps = content["steps"]
    source = content["source"]
    link = [{"title": source["title"], "url": source["url"]}] if source["url"] else []
    values: dict[str, Any] = {"title": content["title"], "needs": content["needs"], "number": len(steps)}
    day = {} if checks.wrong_day(source["as_of"]) else {"date": {"date": source["as_of"]}}
    found = preview.say(
        changes, "guide_overview", {**values, **day, "choices": _START}, "shown_overview", link
    )
    for number, step in enumerate(steps, start=1):
        told = {"step": number, "steps": len(steps), "text_of_step": step, "choices": _NEXT}
        found += preview.say(changes, "guide_step", told, f"shown_step.{number}")
        hint = step.get("stuck") or content["stuck"]
        if step.get("stuck"):
            found += preview.say(changes, "guide_stuck", {**told, "hint": hint}, f"shown_stuck.{number}")
    return found


@lru_cache(maxsize=1)
def _items() -> dict[str, Item]:
    return {key: Item(key, "guides", _plain(raw)) for key, raw in raw_guides().items()}


def _plain(raw: dict[str, Any]) -> Content:
    """As a form would say it: no day objects, no white space at the ends."""
    made = copy.deepcopy(raw)
    source = made["source"]
    made["source"] = {part: str(source.get(part) or "") for part in ("title", "url", "as_of")}
    for part in ("title", "needs", "stuck"):
        made[part] = {language: checks.tidy(str(made[part][language])) for language in LANGUAGES}
    made["names"] = [checks.tidy(str(name)) for name in made["names"]]
    for step in made["steps"]:
        for language in LANGUAGES:
            step[language] = checks.tidy(str(step[language]))
            if "stuck" in step:
                step["stuck"][language] = checks.tidy(str(step["stuck"][language]))
    return made
