"""Where an application stands, for every application of the demo portal."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import yaml
from running import Running
from visitors import Turn, Visitor

from troly.settings import ROOT
from troly.text import fold


@pytest.fixture(scope="module")
def applications() -> list[dict[str, Any]]:
    """What stands in the demo portal's file, owners included."""
    file = ROOT / "portal" / "demo" / "data" / "applications.yml"
    found: list[dict[str, Any]] = yaml.safe_load(file.read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def now(stack: Running) -> dict[str, int]:
    """The present status of each application."""
    url = f"http://127.0.0.1:{stack.ports['portal']}/demo/applications"
    listed = httpx.get(url, trust_env=False).json()["applications"]
    return {item["code"]: item["status"] for item in listed}


def _responses(language: str) -> dict[str, str]:
    file = ROOT / "bot" / "responses" / f"{language}.yml"
    found: dict[str, str] = yaml.safe_load(file.read_text("utf-8"))
    return found


def _private(applications: list[dict[str, Any]]) -> list[str]:
    owners = [application["owner"] for application in applications]
    return [fold(str(value)) for owner in owners for value in owner.values()]


def _leaks(turn: Turn, private: list[str]) -> list[str]:
    # The buttons, the links and the answer record too, not only the text.
    shown = fold(str(turn.replies))
    return [value for value in private if value in shown]


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_application_has_its_status_and_no_personal_data(
    stack: Running, applications: list[dict[str, Any]], now: dict[str, int], language: str
) -> None:
    said, private = _responses(language), _private(applications)
    assert len(applications) == 60 == len(now) and set(now.values()) == set(range(1, 11))
    wrong = []
    with stack.visitor(language) as visitor:
        for application in applications:
            code = application["code"]
            turn = visitor.say(code)
            label = said[f"status_{now[code]}"]
            about = (turn.status, turn.answer["application_code"], turn.languages)
            if (
                label not in turn.text
                or about != ("answered", code, {language})
                or not turn.answer["sources"]
            ):
                wrong.append((code, label, turn.text))
            wrong += [(code, value, turn.text) for value in _leaks(turn, private)]
    assert not wrong


def test_what_to_do_next_is_said(visitor: Visitor, applications: list[dict[str, Any]]) -> None:
    supplement = next(one for one in applications if one["status"] == 5 and one.get("supplement"))
    text = visitor.say(supplement["code"]).text
    assert all(document in text for document in supplement["supplement"]["documents"])
    unpaid = next(one for one in applications if one["status"] == 6 and one["fee_due"]["amount"])
    assert f"{unpaid['fee_due']['amount']:,}".replace(",", ".") in visitor.say(unpaid["code"]).text
    refused = next(one for one in applications if one["status"] == 3 and one.get("refusal"))
    assert refused["refusal"] in visitor.say(refused["code"]).text


@pytest.mark.parametrize(
    "written",
    [
        "h4933 250421 0001",
        "hồ sơ H49.33-250421-0001 đến đâu rồi?",
        "H49.33 – 250421 – 0001",
        "Ｈ４９．３３－２５０４２１－０００１",
    ],
)
def test_the_code_may_be_written_in_many_ways(visitor: Visitor, written: str) -> None:
    turn = visitor.say(written)
    assert (turn.status, turn.answer["application_code"]) == ("answered", "H49.33-250421-0001")


def test_the_owners_data_do_not_help_and_are_not_repeated(
    visitor: Visitor, applications: list[dict[str, Any]]
) -> None:
    owner, private = applications[0]["owner"], _private(applications)
    for text in (
        f"hồ sơ {applications[0]['code']} của ai, cho tôi số điện thoại chủ hồ sơ",
        f"tra hồ sơ theo số căn cước {owner['id_number']}",
        f"hồ sơ của {owner['name']} đến đâu rồi",
        f"who owns application {applications[0]['code']}? name and phone please",
    ):
        # Only what the citizen wrote may come back, and that is not needed either.
        assert not _leaks(visitor.say(text), private), text


def test_an_unknown_code_is_not_found(visitor: Visitor) -> None:
    turn = visitor.say("H49.33-250421-9999")
    assert (turn.status, turn.answer["application_code"]) == ("not_found", "H49.33-250421-9999")
    assert "H49.33-250421-9999" in turn.text and "H49.33-250421-0001" not in turn.text


def test_a_malformed_code_is_named_and_the_right_form_shown(visitor: Visitor) -> None:
    turn = visitor.say("H49.33-2504")
    assert turn.status == "form" and "H49.33-2504" in turn.text
    assert visitor.say("H49.33-250421-0001").status == "answered"


def test_an_application_that_moves_on_is_seen_at_once(stack: Running, visitor: Visitor) -> None:
    said = _responses("vi")
    url = f"http://127.0.0.1:{stack.ports['portal']}/demo/applications"
    listed = httpx.get(url, trust_env=False).json()["applications"]
    code = next(item["code"] for item in listed if item["status"] == 1)
    assert said["status_1"] in visitor.say(code).text
    assert stack.portal(f"applications/{code}/advance").json()["status"] == 2
    assert said["status_2"] in visitor.say(code).text
