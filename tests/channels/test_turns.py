"""Each answered message leaves one row in the list of turns, stored with its answer."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

COLUMNS = (
    "number, channel, language, intent, confidence, procedure_code, aspect, decision, commune, status, "
    "handed_over, pressed, rating, words"
)


def turns(tmp_path: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(tmp_path / "test.db") as connection:
        return connection.execute(f"SELECT {COLUMNS} FROM turn ORDER BY id").fetchall()


def understood(sender: str, message: str, _times: int) -> list[dict[str, Any]]:
    """As the assistant answers with what it saw."""
    answer = {"status": "answered", "intent": "ask_fee", "procedure_code": "1.001193", "aspect": "fee"}
    seen = {"confidence": 0.83, "decision": "answer", "commune": "Hồng Gai", "second_intent": "ask_place"}
    return [
        {"recipient_id": sender, "text": f"echo: {message}"},
        {"recipient_id": sender, "custom": {"language": "vi", "answer": answer, "seen": seen}},
    ]


async def test_an_answered_message_is_a_turn_without_personal_data(
    stack: Any, rasa: Any, tmp_path: Path
) -> None:
    rasa.behave = understood
    visitor = await stack.visitor()
    await visitor.ask("Lệ phí khai sinh? Gọi 0912345678")
    assert turns(tmp_path) == [
        (1, "web", "vi", "ask_fee", 0.83, "1.001193", "fee", "answer", "Hồng Gai", "answered", 0, 0, None,
         "le phi khai sinh goi"),
    ]  # fmt: skip
    with sqlite3.connect(tmp_path / "test.db") as connection:
        assert connection.execute("SELECT second_intent FROM turn").fetchall() == [("ask_place",)]
    said = (await visitor.transcript())["messages"]
    assert "seen" not in str(said)


async def test_a_button_and_an_answer_without_anything_seen_are_turns_too(
    stack: Any, rasa: Any, tmp_path: Path
) -> None:
    visitor = await stack.visitor()
    await visitor.send(payload='/ask_fee{"procedure_code":"1.001193"}', wait=True)
    (row,) = turns(tmp_path)
    assert row[4] is None and row[11] == 1 and row[13] is None


@pytest.mark.parametrize(("value", "stored"), [("down", -1), ("up", 1), (1, -1), (3, 0), (5, 1)])
async def test_a_rating_reaches_the_turn_it_is_about(
    stack: Any, rasa: Any, tmp_path: Path, value: int | str, stored: int
) -> None:
    visitor = await stack.visitor()
    first = (await visitor.send("một", wait=True)).json()["replies"][0]["id"]
    await visitor.ask("hai")
    response = await visitor.http.post(
        "/api/v1/rating",
        json={"reply_id": first, "value": value},
        headers=visitor.headers,
    )
    assert response.status_code in (200, 204), response.text
    assert [row[12] for row in turns(tmp_path)] == [stored, None]
    await visitor.http.post("/api/v1/rating", json={"value": "up"}, headers=visitor.headers)
    assert [row[12] for row in turns(tmp_path)] == [stored, 1]


async def test_a_turn_costs_one_statement_in_the_answers_transaction(stack: Any, rasa: Any) -> None:
    visitor = await stack.visitor()
    statements: list[str] = []
    engine = stack.gateway.engine.sync_engine

    @event.listens_for(engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    @event.listens_for(engine, "commit")
    def committed(_connection: Any) -> None:
        statements.append("commit")

    await visitor.ask("lệ phí")
    own = [place for place, statement in enumerate(statements) if " turn " in statement.replace("\n", " ")]
    assert len(own) == 1 and statements[own[0]].startswith("INSERT INTO turn ")
    following = statements[own[0] : statements.index("commit", own[0])]
    before = statements[: own[0]]
    assert "commit" not in before[next(
        place for place in reversed(range(len(before))) if before[place].startswith("UPDATE inbox")
    ):]  # fmt: skip
    assert all("turn" not in statement for statement in following[1:])


async def test_erasing_a_conversation_erases_its_turns(stack: Any, rasa: Any, tmp_path: Path) -> None:
    visitor = await stack.visitor()
    await visitor.ask("lệ phí")
    await visitor.http.delete("/api/v1/conversation", headers=visitor.headers)
    assert turns(tmp_path) == []
    with sqlite3.connect(tmp_path / "test.db") as connection:
        found = connection.execute("SELECT rowid FROM turn_search WHERE turn_search MATCH 'phi'").fetchall()
    assert found == []
