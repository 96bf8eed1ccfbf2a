"""The portal slow, broken, behind its firewall's page, hanging, or talking nonsense."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from running import Running
from visitors import PATIENCE, Visitor

_BIRTH = "1.001193"
_CODE = "H49.33-250421-0001"
_DATE = re.compile(r"\d{1,2}/\d{1,2}/\d{4}")

_FAILURES = {
    "slow": {"mode": "slow", "seconds": 60},
    "error": {"mode": "error"},
    "error that will last": {"mode": "error", "status": 429, "seconds": 60},
    "server error": {"mode": "error", "status": 500},
    "firewall's page": {"mode": "html"},
    "hang": {"mode": "hang"},
    "garbage": {"mode": "garbage"},
    "other types": {"mode": "wrong_types"},
    "10 MB": {"mode": "huge"},
}


@pytest.fixture(autouse=True)
def _well_again(stack: Running) -> Iterator[None]:
    yield
    stack.portal("fail", mode="off")
    with stack.visitor("vi") as made:
        _until_answered(made)


def _until_answered(visitor: Visitor) -> None:
    """A success of each service, so that failures of several tests do not add up."""
    deadline = time.monotonic() + PATIENCE
    payload = f'/ask_fee{{"procedure_code": "{_BIRTH}"}}'
    while {visitor.press(payload).status, visitor.say(_CODE).status} != {"answered"}:
        assert time.monotonic() < deadline, "the portal is well, but is not asked"
        time.sleep(0.5)


@pytest.mark.parametrize("failure", _FAILURES.values(), ids=_FAILURES)
def test_a_procedure_is_answered_from_the_last_copy_with_its_date(
    stack: Running, visitor: Visitor, failure: dict[str, object]
) -> None:
    healthy = visitor.press(f'/ask_processing_time{{"procedure_code": "{_BIRTH}"}}')
    assert healthy.status == "answered" and not _DATE.search(healthy.text)
    stack.portal("fail", **failure)
    turn = visitor.press(f'/ask_processing_time{{"procedure_code": "{_BIRTH}"}}')
    assert (turn.status, turn.about) == ("portal_unavailable", (_BIRTH, "processing_time"))
    assert _DATE.search(turn.text), "a copy without its date"
    # The same facts as before, and no word of ours about how it failed.
    assert healthy.text.splitlines()[2] in turn.text
    assert "Request Rejected" not in turn.text and "503" not in turn.text


@pytest.mark.parametrize("failure", _FAILURES.values(), ids=_FAILURES)
def test_an_application_is_said_to_be_unknown_for_now(
    stack: Running, visitor: Visitor, failure: dict[str, object]
) -> None:
    stack.portal("fail", **failure)
    turn = visitor.say(_CODE)
    assert (turn.status, turn.answer["application_code"]) == ("portal_unavailable", _CODE)
    assert _CODE in turn.text and not _DATE.search(turn.text)
    stack.portal("fail", mode="off")
    again, follow = turn.buttons
    assert "subscribe" in follow["payload"]
    assert visitor.press(again["payload"]).status == "answered"


def test_a_portal_that_is_a_little_slow_is_waited_for(stack: Running, visitor: Visitor) -> None:
    stack.portal("fail", mode="slow", seconds=0.4)
    assert visitor.press(f'/ask_fee{{"procedure_code": "{_BIRTH}"}}').status == "answered"
    assert visitor.say(_CODE).status == "answered"


def test_one_failure_in_passing_is_not_noticed(stack: Running, visitor: Visitor) -> None:
    stack.portal("fail", mode="error", times=1)
    assert visitor.press(f'/ask_fee{{"procedure_code": "{_BIRTH}"}}').status == "answered"


def test_after_several_failures_the_portal_is_left_alone_for_a_while(
    stack: Running, visitor: Visitor
) -> None:
    payload = f'/ask_fee{{"procedure_code": "{_BIRTH}"}}'
    stack.portal("fail", mode="error", status=500)
    for _ in range(5):
        assert (visitor.press(payload).status, visitor.say(_CODE).status) == ("portal_unavailable",) * 2
    stack.portal("fail", mode="off")
    # The portal is well again, but is not asked yet; what needs no portal is answered.
    assert (visitor.press(payload).status, visitor.say(_CODE).status) == ("portal_unavailable",) * 2
    assert visitor.say("cảm ơn").status == "smalltalk"
    _until_answered(visitor)


def test_english_visitors_are_told_in_english(stack: Running) -> None:
    stack.portal("fail", mode="html")
    with stack.visitor("en") as visitor:
        procedure, application = visitor.say("birth registration fee"), visitor.say(_CODE)
    assert {procedure.status, application.status} == {"portal_unavailable"}
    assert procedure.languages == application.languages == {"en"}
    assert re.search(r"\d{1,2} \w+ \d{4}", procedure.text)
