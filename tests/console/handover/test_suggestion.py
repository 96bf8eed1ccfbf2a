"""The assistant's suggestion: shown, never sent, and without a trace."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from tests.console.handover.test_desk import asked

CODE, OTHER = "1.001193", "1.000689"
NAMES = [{"code": CODE, "name": "Đăng ký khai sinh"}, {"code": OTHER, "name": "Khai sinh lưu động"}]


def parsed(decision: str, intent: str = "ask_fee", found: Any = NAMES) -> dict[str, Any]:
    return {"intent": {"name": intent}, "procedures": found, "procedure_decision": decision}


@pytest.fixture
async def held(stack: Any, counter: Any) -> tuple[Any, Any, int]:
    visitor, number = await asked(stack)
    officer = await counter.staff("officer", name="lan")
    await counter.post(officer, f"/handover/{number}/claim")
    await visitor.send("lệ phí khai sinh?")
    return officer, visitor, number


async def test_it_is_what_the_assistant_would_say_and_only_the_official_sees_it(
    stack: Any, counter: Any, rasa: Any, understanding: Any, held: Any, remember: Any
) -> None:
    officer, visitor, number = held
    understanding.gives["lệ phí khai sinh?"] = parsed("answer")
    before = [line["text"] for line in (await visitor.transcript())["messages"]]
    found = (await officer.get(f"/console/handover/{number}/suggestion")).json()
    assert found["text"] == f'echo: /ask_fee{{"procedure_code":"{CODE}"}}'
    assert understanding.asked == ["lệ phí khai sinh?"]
    scratch = rasa.seen[-1][0]
    assert scratch.startswith("desk-") and scratch != visitor.id
    assert [line["text"] for line in (await visitor.transcript())["messages"]] == before
    assert await counter.rows(text("SELECT count(*) FROM conversation")) == [(1,)]
    page = (await officer.get(f"/console/handover/{number}", params={"suggest": "1"})).text
    assert "echo: /ask_fee" in page


async def test_what_rasa_remembered_of_it_is_forgotten(
    counter: Any, rasa: Any, understanding: Any, held: Any, remember: Any
) -> None:
    officer, _, number = held
    understanding.gives["lệ phí khai sinh?"] = parsed("answer")
    rasa.behave = lambda sender, _message, _seen: remember(sender)
    await officer.get(f"/console/handover/{number}/suggestion")
    assert await counter.rows(text("SELECT sender_id FROM tracker_event WHERE sender_id LIKE 'desk-%'")) == []


async def test_unsure_it_offers_the_procedures(understanding: Any, held: Any) -> None:
    officer, _, number = held
    understanding.gives["lệ phí khai sinh?"] = parsed("choose")
    found = (await officer.get(f"/console/handover/{number}/suggestion")).json()
    assert found["text"] == "" and "Khai sinh lưu động" in found["html"] and OTHER in found["html"]
    chosen = {"intent": "ask_fee", "code": OTHER}
    found = (await officer.get(f"/console/handover/{number}/suggestion", params=chosen)).json()
    assert OTHER in found["text"]


@pytest.mark.parametrize(
    "chosen",
    [
        {"intent": "erase_my_data", "code": CODE},
        {"intent": "ask_fee", "code": 'x"}'},
        {"intent": "tell_x", "code": "1"},
    ],
)
async def test_nothing_but_questions_can_be_asked(
    rasa: Any, understanding: Any, held: Any, chosen: dict[str, str]
) -> None:
    officer, _, number = held
    count = len(rasa.seen)
    found = (await officer.get(f"/console/handover/{number}/suggestion", params=chosen)).json()
    assert found["text"] == "" and len(rasa.seen) == count


async def test_a_rasa_that_is_away_is_said(understanding: Any, held: Any) -> None:
    officer, _, number = held
    understanding.gives["lệ phí khai sinh?"] = None
    found = (await officer.get(f"/console/handover/{number}/suggestion")).json()
    assert "chưa trả lời được" in found["html"]
