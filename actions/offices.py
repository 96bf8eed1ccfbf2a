"""Offices: which one-stop desk serves a commune, and the one nearest to where the citizen stands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import portal
from actions.ratings import offer
from actions.speech import Button, say
from actions.turn import payload, read
from troly.answers.opening import hours_of, opening_of
from troly.clock import now
from troly.holidays import Calendar
from troly.office_list import Office
from troly.offices import Offices
from troly.settings import settings
from troly.units.directory import Commune, Named, directory, kilometres

LAST = "office_last"
"""The slot with the name of the commune whose office was told last."""
_MOST_CHOICES = 8
_MOST_BESIDE = 3
"""Other offices of the same commune that are offered."""
_FAR_KM = 60.0
"""Beyond this from every commune of the province, a shared location is somewhere else."""
_ONE = "office:"
"""Before the id of an office that a button names, in the place of a commune's code."""


@dataclass(frozen=True)
class _To:
    """Whom to tell, and the conversation so far."""

    dispatcher: CollectingDispatcher
    tracker: Tracker
    calendar: Calendar


class ActionFindOffice(Action):
    """The office that serves the commune that was named or shared."""

    def name(self) -> str:
        return "action_find_office"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        done: list[EventType] = [SlotSet("office_place", None)]
        to = _To(dispatcher, tracker, await portal.calendar())
        offices = await _offices().all()
        if code := turn.entities.get("commune_code"):
            if code == "province":
                done += _tell(to, [office for office in offices if office.level == "province"], None)
            elif str(code).startswith(_ONE):
                done += _tell(to, _first(offices, str(code).removeprefix(_ONE)), None)
            else:
                done += _of_communes(to, offices, [c for c in (directory().communes.get(str(code)),) if c])
        elif "latitude" in turn.entities:
            done += _nearest(to, offices, turn.entities)
        else:
            place = str(tracker.get_slot("office_place") or turn.text)
            done += await of_place(dispatcher, tracker, place)
        return done


def names_a_place(text: str) -> bool:
    """Whether a commune of the province, of today or a former one, or a former district is named."""
    return bool(directory().find(text, settings().province))


async def of_place(dispatcher: CollectingDispatcher, tracker: Tracker, place: str) -> list[EventType]:
    """Say which office serves the place that the text names."""
    to = _To(dispatcher, tracker, await portal.calendar())
    named = directory().find(place, settings().province)
    return _named(to, await _offices().all(), named, await _level(read(tracker).focus))


async def _level(procedure_code: str | None) -> str:
    """Where the procedure in focus is handed in: "province" where no commune takes it."""
    procedure = await portal.catalogue().get(procedure_code) if procedure_code else None
    if procedure and procedure.levels and "commune" not in procedure.levels:
        return "province"
    return "commune"


@lru_cache(maxsize=1)
def _offices() -> Offices:
    return Offices(portal.engine(), settings().province)


def _named(to: _To, offices: list[Office], named: Named, level: str) -> list[EventType]:
    """The communes that a name leads to: the one of today, else what a former unit became.

    A procedure that only the province handles leads to the province's centre, whatever the commune.
    """
    if level == "province":
        return _tell(
            to, [office for office in offices if office.level == "province"], None, province_only=True
        )
    if named.communes:
        communes = list(named.communes)
    elif named.former:
        communes = [commune for unit in named.former for commune in unit.successors]
    else:
        communes = [c for district in named.districts for c in directory().in_district(*district)]
    return _of_communes(to, offices, list({commune.code: commune for commune in communes}.values()))


def _of_communes(to: _To, offices: list[Office], communes: list[Commune]) -> list[EventType]:
    if len(communes) > 1:
        say(
            to.dispatcher,
            "choose_commune",
            status="clarify",
            record={"intent": "find_office"},
            choices=[_commune_button(commune) for commune in communes[:_MOST_CHOICES]],
        )
        return []
    if not communes:
        say(
            to.dispatcher,
            "office_place_not_found",
            status="not_found",
            record={"intent": "find_office"},
            choices=[province_button()],
        )
        return []
    (commune,) = communes
    return _tell(to, _serving(offices, commune), commune)


def _serving(offices: list[Office], commune: Commune) -> list[Office]:
    return [office for office in offices if office.level == "commune" and office.commune_code == commune.code]


def _first(offices: list[Office], name: str) -> list[Office]:
    """The office with this id, before the others of its commune; none when it is no longer there."""
    chosen = next((office for office in offices if office.id == name), None)
    if chosen is None:
        return []
    centre = chosen.level == "province"
    beside = [
        office
        for office in offices
        if office is not chosen
        and office.level == chosen.level
        and (centre or office.commune_code == chosen.commune_code)
    ]
    return [chosen, *beside]


def _nearest(to: _To, offices: list[Office], entities: dict[str, Any]) -> list[EventType]:
    try:
        latitude, longitude = float(entities["latitude"]), float(entities["longitude"])
    except (KeyError, TypeError, ValueError):
        return _of_communes(to, offices, [])
    near = [
        (commune, distance)
        for commune, distance in directory().nearest(latitude, longitude, count=40)
        if commune.province == settings().province and distance <= _FAR_KM
    ][:3]
    if not near:
        return _of_communes(to, offices, [])
    # Centres of communes, not borders: the nearest is likely, not certain. So the next ones are offered.
    (commune, _), *others = near
    found = sorted(_serving(offices, commune), key=lambda office: _away(office, latitude, longitude))
    return _tell(to, found, commune, also=[other for other, _ in others], guessed=True)


def _away(office: Office, latitude: float, longitude: float) -> float:
    """Kilometres to an office; those that the list does not place come last."""
    if office.latitude is None or office.longitude is None:
        return float("inf")
    return kilometres(latitude, longitude, office.latitude, office.longitude)


def _tell(
    to: _To,
    found: list[Office],
    commune: Commune | None,
    *,
    also: list[Commune] | None = None,
    guessed: bool = False,
    province_only: bool = False,
) -> list[EventType]:
    if not found:
        place = {"vi": commune.name, "en": commune.name} if commune else settings().province
        say(
            to.dispatcher,
            "office_not_listed",
            status="not_found",
            record={"intent": "find_office"},
            choices=[province_button()],
            place=place,
        )
        return []
    office, *beside = found
    links = [{"title": {"response": "link_map"}, "url": _map(office)}]
    if office.appointment_url:
        links.append({"title": {"response": "link_appointment"}, "url": office.appointment_url})
    rate, remembered = offer(to.tracker, "office")
    say(
        to.dispatcher,
        "office",
        status="answered",
        choices=[
            *[_office_button(other) for other in beside[:_MOST_BESIDE]],
            *[_commune_button(other) for other in also or []],
            *([] if office.level == "province" else [province_button()]),
            *rate,
        ],
        links=links,
        record={
            "intent": "find_office",
            "sources": [{"title": office.source, "url": "", "as_of": office.as_of or None}],
        },
        guessed={"response": "label_office_guessed"} if guessed else "",
        level={"response": "label_province_only"} if province_only else "",
        name=office.name,
        address=office.address or {"response": "label_not_listed"},
        phone=office.phone or {"response": "label_not_listed"},
        hours=hours_of(office.hours),
        opening=opening_of(office.hours, now(), to.calendar),
        sample={"response": "label_office_sample"} if office.sample else "",
    )
    return [*remembered, SlotSet(LAST, commune.name)] if commune else remembered


def _map(office: Office) -> str:
    if office.map_url:
        return office.map_url
    where = f"{office.name}, {office.address or settings().province}"
    return f"https://www.google.com/maps/search/?api=1&query={quote(where)}"


def _commune_button(commune: Commune) -> Button:
    name = commune.name[:1].upper() + commune.name[1:]
    return Button(title=name, payload=payload("find_office", commune_code=commune.code))


def _office_button(office: Office) -> Button:
    return Button(title=office.name, payload=payload("find_office", commune_code=_ONE + office.id))


def province_button() -> Button:
    """Shows the province's centre."""
    return Button(
        title={"response": "button_province_office"}, payload=payload("find_office", commune_code="province")
    )
