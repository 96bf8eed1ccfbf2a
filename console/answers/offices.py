"""Offices: address, hours, telephone, map and appointments of each one-stop desk."""

from __future__ import annotations

import asyncio
from typing import Any

from console.answers import preview
from console.answers.kinds import Content, Form, Item, Kind
from console.answers.preview import Shown
from console.parts import Console
from troly import offices as lists
from troly.answers import checks
from troly.answers.checks import Fault
from troly.answers.live import OFFICE, RESPONSE, live
from troly.answers.opening import hours_of, opening_of
from troly.clock import now
from troly.offices import EDITED, Office
from troly.units.directory import directory

_LONGEST = {"name": 200, "address": 300, "phone": 80, "hours": 200, "map_url": 500, "appointment_url": 500,
            "source": 300, "as_of": 10}  # fmt: skip


class Offices(Kind):
    """The province's offices as imported, or the demo's sample list."""

    name = OFFICE
    path = "offices"

    async def items(self, console: Console) -> dict[str, Item]:
        """The list as imported, the province's offices first."""
        await asyncio.to_thread(directory)  # the first time takes a moment; the sample list needs it
        async with console.store.read() as connection:
            found = await lists.listed(connection, console.settings.province)
        return {one.id: Item(one.id, one.level, _content(one), sample=one.sample) for one in found}

    def read(self, form: Form, item: Item) -> Content:
        """The fields, each on one line."""
        return {name: " ".join(checks.tidy(str(form.get(name, ""))).split()) for name in EDITED}

    def faults(self, content: Content, item: Item) -> list[Fault]:
        """Official names are written in one language; links must be https, hours as OFFICE_HOURS."""
        faults = [Fault(f"wrong_{name}", name) for name in lists.wrong_fields(content)]
        for name, text in content.items():
            if not text:
                continue
            faults += [Fault("long", name, str(_LONGEST[name]))] if len(text) > _LONGEST[name] else []
            faults += checks.plain(text, name)
        for name in ("source", "as_of"):
            faults += [] if content[name] else [Fault("empty", name)]
        return faults

    def fields(self, content: Content) -> dict[str, str]:
        """In the order of the form."""
        return {name: str(content.get(name, "")) for name in EDITED}

    def titles(self, content: Content) -> tuple[str, str]:
        """Name and address."""
        return str(content.get("name", "")), str(content.get("address", ""))

    async def shown(self, content: Content, item: Item, console: Console) -> list[Shown]:
        """The answer to "where do I hand it in", as the texts that are live now tell it."""
        async with console.store.read() as connection:
            changes = await live(connection, RESPONSE)
        return await asyncio.to_thread(_shown, changes, content)


def _shown(changes: dict[str, Any], content: Content) -> list[Shown]:
    hours = "" if "hours" in lists.wrong_fields(content) else content["hours"]
    links = [{"title": {"response": "link_map"}, "url": content["map_url"] or "https://www.google.com/maps"}]
    if content["appointment_url"]:
        links.append({"title": {"response": "link_appointment"}, "url": content["appointment_url"]})
    values = {
        **dict.fromkeys(("guessed", "level", "sample"), ""),
        "name": content["name"],
        "address": content["address"] or {"response": "label_not_listed"},
        "phone": content["phone"] or {"response": "label_not_listed"},
        "hours": hours_of(hours),
        "opening": opening_of(hours, now()),
    }
    return preview.say(changes, "office", values, links=links)


def _content(office: Office) -> Content:
    return {name: getattr(office, name) for name in EDITED}
