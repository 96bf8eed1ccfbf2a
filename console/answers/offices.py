"""Offices: address, hours, telephone, map and appointments of each one-stop desk."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, ClassVar

from console.answers import preview
from console.answers.kinds import Content, Form, Item, Kind
from console.answers.preview import Shown
from console.parts import Console
from troly.answers import checks
from troly.answers.checks import Fault
from troly.answers.live import MADE, OFFICE, RESPONSE, live
from troly.answers.opening import hours_of, opening_of
from troly.clock import now
from troly.holidays import Calendar
from troly.office_list import EDITED, PLACED, Office, wrong_fields, wrong_place
from troly.offices import listed
from troly.tables import holidays
from troly.units.directory import directory

_LONGEST = {"name": 200, "address": 300, "phone": 80, "hours": 200, "map_url": 500, "appointment_url": 500,
            "source": 300, "as_of": 10, "level": 10, "commune_code": 8, "latitude": 20,
            "longitude": 20}  # fmt: skip


class Offices(Kind):
    """The province's offices as imported, or the demo's sample list."""

    name = OFFICE
    path = "offices"
    grows = True
    first: ClassVar[Form] = {"level": "commune"}

    async def items(self, console: Console) -> dict[str, Item]:
        """The list as imported, the province's offices first."""
        province = console.settings.province
        async with console.store.read() as connection:
            found = await listed(connection, province)
        return {one.id: Item(one.id, one.level, _content(one), province, one.sample) for one in found}

    def blank(self, key: str, console: Console, content: Content | None = None) -> Item:
        """An office that staff make."""
        item = Item(key, str((content or {}).get("level", "")), {}, console.settings.province, made=True)
        return replace(item, content=self.read({}, item))

    def choices(self, item: Item) -> dict[str, list[tuple[str, str]]]:
        """The communes of the province."""
        if not item.made:
            return {}
        communes = directory().in_province(item.shipped)
        return {"commune_code": [(commune.code, commune.name) for commune in communes]}

    def read(self, form: Form, item: Item) -> Content:
        """The fields, each on one line."""
        names = (*PLACED, *EDITED) if item.made else EDITED
        given = {name: " ".join(checks.tidy(str(form.get(name, ""))).split()) for name in names}
        return given | ({MADE: True} if item.made else {})

    def faults(self, content: Content, item: Item) -> list[Fault]:
        """Official names are written in one language; links must be https, hours as OFFICE_HOURS."""
        faults = [Fault(f"wrong_{name}", name) for name in wrong_fields(content)]
        if item.made:
            faults += [Fault(f"wrong_{name}", name) for name in wrong_place(content, item.shipped)]
        elif content.get(MADE):
            faults.append(Fault("now_listed", "name"))
        for name, longest in _LONGEST.items():
            text = str(content.get(name, ""))
            faults += [Fault("long", name, str(longest))] if len(text) > longest else []
            faults += checks.plain(text, name)
        for name in ("source", "as_of"):
            faults += [] if content[name] else [Fault("empty", name)]
        return faults

    def fields(self, content: Content) -> dict[str, str]:
        """In the order of the form; the commune by its name."""
        found = {name: str(content.get(name, "")) for name in EDITED}
        if not content.get(MADE):
            return found
        placed = {name: str(content.get(name, "")) for name in PLACED}
        commune = directory().communes.get(placed["commune_code"])
        level = {"commune": "xã, phường, đặc khu", "province": "tỉnh"}.get(placed["level"], "")
        named = {"level": level, "commune_code": f"{commune.name} ({commune.code})" if commune else ""}
        return {**placed, **named, **found}

    def titles(self, content: Content) -> tuple[str, str]:
        """Name and address."""
        return str(content.get("name", "")), str(content.get("address", ""))

    async def shown(self, content: Content, item: Item, console: Console) -> list[Shown]:
        """The answer to "where do I hand it in", as the texts that are live now tell it."""
        async with console.store.read() as connection:
            changes = await live(connection, RESPONSE)
            calendar = await holidays.current(connection)
        return await asyncio.to_thread(_shown, changes, content, calendar)


def _shown(changes: dict[str, Any], content: Content, calendar: Calendar) -> list[Shown]:
    hours = "" if "hours" in wrong_fields(content) else content["hours"]
    links = [{"title": {"response": "link_map"}, "url": content["map_url"] or "https://www.google.com/maps"}]
    if content["appointment_url"]:
        links.append({"title": {"response": "link_appointment"}, "url": content["appointment_url"]})
    values = {
        **dict.fromkeys(("guessed", "level", "sample"), ""),
        "name": content["name"],
        "address": content["address"] or {"response": "label_not_listed"},
        "phone": content["phone"] or {"response": "label_not_listed"},
        "hours": hours_of(hours),
        "opening": opening_of(hours, now(), calendar),
    }
    return preview.say(changes, "office", values, links=links)


def _content(office: Office) -> Content:
    return {name: getattr(office, name) for name in EDITED}
