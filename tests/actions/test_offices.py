"""What is said about an office: hours, opening, the map, and what the list leaves empty."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import offices, receiving
from actions.office_form import ValidateOfficeForm
from troly.answers import opening
from troly.clock import VIETNAM
from troly.holidays import from_file
from troly.office_list import Office
from troly.units.directory import directory


def office(**values: Any) -> Office:
    empty: dict[str, Any] = dict.fromkeys(Office.__dataclass_fields__, "")
    return Office(**empty | {"latitude": None, "longitude": None, "sample": False} | values)


def test_an_office_without_own_hours_has_the_common_ones() -> None:
    said = opening.hours_of("")
    assert said["response"] == "label_hours_common"
    (days,) = said["hours"]
    assert (days["first"], days["last"]) == ({"response": "weekday_1"}, {"response": "weekday_5"})
    assert days["spans"] == "07:30–11:30, 13:30–17:00"


def test_own_hours_are_told_day_by_day() -> None:
    said = opening.hours_of("1-4 08:00-12:00; 6 08:00-10:00")
    assert said["response"] == "label_hours"
    assert [line["response"] for line in said["hours"]] == ["label_days", "label_day"]


@pytest.mark.parametrize(
    ("moment", "response", "opens"),
    [
        ((2026, 11, 23, 9, 0), "label_open_now", None),
        ((2026, 11, 22, 9, 0), "label_closed", "2026-11-23T07:30"),
        ((2026, 11, 23, 12, 0), "label_closed", "2026-11-23T13:30"),
        ((2027, 1, 1, 9, 0), "label_closed_holiday", "2027-01-04T07:30"),
    ],
)
def test_it_says_when_it_opens_again(moment: tuple[int, ...], response: str, opens: str | None) -> None:
    said = opening.opening_of("", datetime(*moment, tzinfo=VIETNAM), from_file())  # type: ignore[misc]
    assert said["response"] == response
    assert (said.get("date") or {}).get("date") == opens


def to(dispatcher: CollectingDispatcher) -> offices._To:
    """A conversation in which nothing was said before."""
    tracker = Tracker("c", {}, {}, [], False, None, {}, "action_listen")
    return offices._To(dispatcher, tracker, from_file())


def test_the_map_is_searched_where_the_list_has_none() -> None:
    assert offices._map(office(map_url="https://maps.example/x")) == "https://maps.example/x"
    assert "Ph%E1%BB%91%201" in offices._map(office(name="A", address="Phố 1"))


def test_a_location_far_away_gets_no_office() -> None:
    dispatcher = CollectingDispatcher()
    offices._nearest(to(dispatcher), [], {"latitude": "10.77", "longitude": "106.70"})
    assert dispatcher.messages[0]["response"] == "office_place_not_found"


@pytest.mark.parametrize("entities", [{"latitude": "x", "longitude": "1"}, {"latitude": "1"}])
def test_a_broken_location_gets_no_office(entities: dict[str, str]) -> None:
    dispatcher = CollectingDispatcher()
    offices._nearest(to(dispatcher), [], entities)
    assert dispatcher.messages[0]["response"] == "office_place_not_found"


def test_a_commune_that_the_list_lacks_is_said_to_be_missing() -> None:
    dispatcher = CollectingDispatcher()
    commune = directory().in_province("Quảng Ninh")[0]
    offices._of_communes(to(dispatcher), [], [commune])
    assert dispatcher.messages[0]["response"] == "office_not_listed"
    assert dispatcher.messages[0]["answer"]["status"] == "not_found"


def test_a_procedure_of_the_province_leads_to_its_centre_whatever_the_commune() -> None:
    centre = office(id="p", level="province", name="Trung tâm tỉnh")
    desk = office(id="c", level="commune", name="Một cửa", commune_code="07090")
    named = directory().find("phường An Sinh", "Quảng Ninh")
    for level, name in (("province", "Trung tâm tỉnh"), ("commune", "Một cửa")):
        dispatcher = CollectingDispatcher()
        offices._named(to(dispatcher), [centre, desk], named, level)
        assert dispatcher.messages[0]["name"] == name


AN_SINH, CENTRE_OF_AN_SINH = "07090", {"latitude": "21.1539", "longitude": "106.521"}


def told(found: list[Office], **entities: str) -> dict[str, Any]:
    dispatcher = CollectingDispatcher()
    offices._nearest(to(dispatcher), found, entities)
    (message,) = dispatcher.messages
    said: dict[str, Any] = message
    return said


def test_of_several_offices_of_a_commune_the_nearest_is_told_and_the_others_are_offered() -> None:
    desks = [
        office(id="far", level="commune", commune_code=AN_SINH, name="A", latitude=21.2, longitude=106.6),
        office(id="near", level="commune", commune_code=AN_SINH, name="B", latitude=21.154, longitude=106.52),
        office(id="somewhere", level="commune", commune_code=AN_SINH, name="C"),
    ]
    said = told(desks, **CENTRE_OF_AN_SINH)
    assert said["name"] == "B"
    offered = [button["payload"] for button in said["choices"]]
    assert offered[:2] == [
        f'/find_office{{"commune_code": "office:{name}"}}' for name in ("far", "somewhere")
    ]
    first, *others = offices._first(desks, "somewhere")
    assert first.id == "somewhere" and [one.id for one in others] == ["far", "near"]
    assert offices._first(desks, "taken-off") == []


@pytest.mark.parametrize(("desks", "named"), [(1, "Bàn 1"), (2, None)])
async def test_a_notice_names_an_office_only_where_the_commune_has_no_other(
    monkeypatch: pytest.MonkeyPatch, desks: int, named: str | None
) -> None:
    class List:
        async def all(self) -> list[Office]:
            return [
                office(id=str(number), level="commune", commune_code=AN_SINH, name=f"Bàn {number}")
                for number in range(1, desks + 1)
            ]

    monkeypatch.setattr(receiving, "_offices", List)
    found = await receiving.office_of("UBND phường An Sinh")
    assert (found.name if found else None) == named


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("số điện thoại", "phường Bãi Cháy"),
        ("open on saturday?", "phường Bãi Cháy"),
        ("địa chỉ công an", None),
        ("địa chỉ Sở Y tế", None),
        ("cho xin địa chỉ nơi làm giấy phép kinh doanh", None),
    ],
)
async def test_a_further_question_is_about_the_office_told_before(
    act: Any, text: str, place: str | None
) -> None:
    slots = {offices.LAST: "phường Bãi Cháy"}
    outcome = await act(ValidateOfficeForm(), "find_office", text, slots=slots)
    assert outcome.slots.get("office_place") == place
