"""A message that answers a question for a secret is masked when it is answered, whatever becomes of it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from channels.limits import network
from troly.privacy import MASK

SECRET = "719-55-917"


def rows(tmp_path: Path, query: str) -> list[Any]:
    with sqlite3.connect(tmp_path / "test.db") as connection:
        return connection.execute(query).fetchall()


def everything(tmp_path: Path) -> str:
    """All that the gateway has stored, as text."""
    with sqlite3.connect(tmp_path / "test.db") as connection:
        return "\n".join(connection.iterdump())


def contents(tmp_path: Path) -> bytes:
    """The database's files, byte by byte: also what was overwritten."""
    return b"".join(file.read_bytes() for file in tmp_path.glob("test.db*"))


def asking(sender: str, message: str, times: int) -> list[dict[str, Any]]:
    """Asks for a secret when told to "verify"; everything else is answered and asks for nothing."""
    custom: dict[str, Any] = {"language": "vi", "answer": {"status": "form"}}
    if message in ("verify", "hỏi chen"):
        custom["secret"] = True
    return [{"recipient_id": sender, "text": "đã hỏi" if "secret" in custom else "xong"}, {"custom": custom}]


@pytest.fixture
def bot(rasa: Any) -> Any:
    rasa.behave = asking
    return rasa


async def test_the_answer_to_the_question_is_masked_and_the_next_message_is_not(
    stack: Any, bot: Any, tmp_path: Path
) -> None:
    visitor = await stack.visitor()
    for text in ("verify", f"là {SECRET}", "cảm ơn"):
        await visitor.ask(text)
    assert rows(tmp_path, "SELECT text, secret FROM inbox ORDER BY number") == [
        ("verify", 0), (MASK, 1), ("cảm ơn", 0),
    ]  # fmt: skip
    assert SECRET not in everything(tmp_path)
    assert [found.get("secret") for found in bot.metadata[-3:]] == [None, True, None]
    assert bot.messages()[1] == f"là {SECRET}"
    shown = json.dumps(await visitor.transcript(), ensure_ascii=False)
    assert SECRET not in shown and MASK in shown


async def test_while_it_waits_for_its_answer_it_is_encrypted(stack: Any, bot: Any, tmp_path: Path) -> None:
    visitor = await stack.visitor()
    await visitor.ask("verify")
    bot.delay = 0.5
    await visitor.send(SECRET)
    assert rows(tmp_path, "SELECT state FROM inbox WHERE number = 2") == [("waiting",)]
    assert SECRET not in everything(tmp_path)
    await visitor.answers(2)
    assert SECRET.encode() not in contents(tmp_path)


async def test_a_question_in_between_keeps_the_next_message_secret(
    stack: Any, bot: Any, tmp_path: Path
) -> None:
    visitor = await stack.visitor()
    for text in ("verify", "hỏi chen", SECRET):
        await visitor.ask(text)
    assert SECRET not in everything(tmp_path)


async def test_a_message_that_could_not_be_answered_is_masked_too_and_the_next_one_stays_secret(
    stack: Any, bot: Any, tmp_path: Path
) -> None:
    visitor = await stack.visitor()
    await visitor.ask("verify")
    bot.behave = lambda sender, message, times: 500
    await visitor.ask(SECRET)
    assert rows(tmp_path, "SELECT state, text FROM inbox WHERE number = 2") == [("parked", MASK)]
    bot.behave = asking
    await visitor.ask(f"lại {SECRET}")
    assert SECRET not in everything(tmp_path)


async def test_a_notice_in_between_changes_nothing(stack: Any, bot: Any, tmp_path: Path) -> None:
    from troly.tables.delivery import enqueue

    visitor = await stack.visitor()
    await visitor.ask("verify")
    conversation = rows(tmp_path, "SELECT id FROM conversation")[0][0]
    async with stack.gateway.store.write() as connection:
        await enqueue(connection, conversation, "notice:1", '/tell_notice{"notice_id": "1"}')
    stack.gateway.delivery.wake()
    await visitor.answers(2)
    await visitor.ask(SECRET)
    assert SECRET not in everything(tmp_path)
    assert "tell_notice" not in json.dumps(await visitor.transcript())


async def test_what_is_written_to_staff_is_no_answer_to_the_assistant(
    stack: Any, bot: Any, tmp_path: Path
) -> None:
    visitor = await stack.visitor()
    await visitor.ask("verify")
    with sqlite3.connect(tmp_path / "test.db") as connection:
        connection.execute("UPDATE conversation SET handover = 'staff'")
    await visitor.send("tôi cần gặp chị")
    assert rows(tmp_path, "SELECT text, secret FROM inbox WHERE number = 2") == [("tôi cần gặp chị", 0)]


async def test_the_address_goes_to_the_assistant_as_a_keyed_hash_and_is_forgotten_with_the_answer(
    stack: Any, bot: Any, tmp_path: Path
) -> None:
    first, second = await stack.visitor(), await stack.visitor()
    await first.ask("một")
    await second.ask("hai")
    hashes = {found["visitor"] for found in bot.metadata if "visitor" in found}
    assert hashes == {stack.gateway.keyring.hash("address", network("127.0.0.1"))}
    assert rows(tmp_path, "SELECT DISTINCT visitor FROM inbox") == [(None,)]
