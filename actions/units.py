"""Which commune or province a former one belongs to since 1 July 2025."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.offices import LAST
from actions.speech import Button, say
from actions.turn import already_answered, misses, payload, read
from troly.settings import settings
from troly.units.directory import Commune, FormerUnit, Named, directory

_SOURCE = {
    "title": "Nghị quyết của Ủy ban Thường vụ Quốc hội về sắp xếp đơn vị hành chính năm 2025",
    "url": "",
    "as_of": "2025-07-01",
}
_MOST = 3
"""Former units of one name that are listed; more are asked to be told apart."""


class ValidateUnitForm(Action):
    """Takes the former unit from the message; lets other questions through."""

    def name(self) -> str:
        return "validate_unit_form"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        if not turn.pressed and _recognised(turn.text):
            return [SlotSet("unit_place", turn.text[:200])]
        if misses(turn, "ask_merged_unit"):
            return [SlotSet("unit_place", None)]
        return []


class ActionAskUnitPlace(Action):
    """Asks for the former unit."""

    def name(self) -> str:
        return "action_ask_unit_place"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        if already_answered(tracker):
            # What came between has its own answer record; a turn has only one.
            dispatcher.utter_message(response="ask_unit_place_again", answer={})
            return []
        again = tracker.get_slot("requested_slot") == "unit_place" and turn.intent != "ask_merged_unit"
        response = "unit_place_unknown" if again else "ask_unit_place"
        say(dispatcher, response, status="form", record={"intent": "ask_merged_unit"})
        return []


class ActionMergedUnit(Action):
    """What became of the unit that the message names."""

    def name(self) -> str:
        return "action_merged_unit"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        place = str(tracker.get_slot("unit_place") or read(tracker).text)
        named = directory().find(place, settings().province)
        lines = _lines(named) or _province_lines(place)
        communes = _communes(named)
        if not lines:
            say(dispatcher, "unit_place_unknown", status="not_found", record={"intent": "ask_merged_unit"})
            return [SlotSet("unit_place", None)]
        say(
            dispatcher,
            "merged_unit",
            status="answered",
            choices=[
                Button(
                    title={"response": "button_office_of", "name": commune.name},
                    payload=payload("find_office", commune_code=commune.code),
                )
                for commune in communes[:_MOST]
                if commune.province == settings().province
            ],
            record={"intent": "ask_merged_unit", "sources": [_SOURCE]},
            lines=lines,
        )
        # "Địa chỉ ở đâu" after it means the office of that place.
        here = any(commune.province == settings().province for commune in communes)
        return [SlotSet("unit_place", None), SlotSet(LAST, place[:200] if here else None)]


def _recognised(text: str) -> bool:
    return bool(directory().find(text, settings().province)) or directory().merged_province(text) is not None


def _lines(named: Named) -> list[Any]:
    if named.former:
        lines = [_became(unit) for unit in named.former[:_MOST]]
        if len(named.former) > _MOST:
            lines.append({"response": "label_more_of_that_name", "number": len(named.former)})
        return lines
    if named.communes:
        return [
            {"response": "label_commune_today", "name": _capital(commune.name), "province": commune.province}
            for commune in named.communes[:_MOST]
        ]
    return [
        {
            "response": "label_former_district",
            "name": name,
            "province": province,
            "communes": ", ".join(commune.name for commune in directory().in_district(name, province)),
        }
        for name, province in named.districts[:_MOST]
    ]


def _became(unit: FormerUnit) -> Any:
    first = unit.successors[0]
    if not unit.divided:
        return {
            "response": "label_unit_merged",
            "name": unit.name,
            "district": unit.district,
            "province": unit.province,
            "now": first.name,
            "now_province": first.province,
        }
    return {
        "response": "label_unit_divided",
        "name": unit.name,
        "district": unit.district,
        "province": unit.province,
        "communes": ", ".join(commune.name for commune in unit.successors),
        "now_province": first.province,
        "main": unit.main.name if unit.main else first.name,
    }


def _province_lines(text: str) -> list[Any]:
    found = directory().merged_province(text)
    if found is None:
        return []
    former, today = found
    response = "label_province_kept" if former == today else "label_province_merged"
    return [{"response": response, "former": former, "today": today}]


def _communes(named: Named) -> list[Commune]:
    if named.former:
        found = [commune for unit in named.former[:1] for commune in unit.successors]
    else:
        found = list(named.communes[:1])
    return list({commune.code: commune for commune in found}.values())


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
